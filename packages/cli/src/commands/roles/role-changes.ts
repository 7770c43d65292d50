import { type Admin, type Change, deleteRole, ensureRole } from '@cloakwright/admin'
import { change, type WriteOptions } from '../../connection/index.ts'
import { missingRole } from '../../lookup/index.ts'
import { toAttributes, toRoleNames } from '../../options/index.ts'

interface Options extends WriteOptions {
  readonly client?: string
}

interface CreateOptions extends Options {
  readonly update?: true
  readonly description?: string
  readonly attribute?: readonly string[]
  readonly includes?: readonly string[]
  readonly includesClientRole?: readonly string[]
}

/** `cloakwright roles create`. */
export async function create(name: string, options: CreateOptions): Promise<void> {
  const { description, includes, includesClientRole } = options
  const attributes = toAttributes(options.attribute)
  const composites = toRoleNames({
    ...(includes === undefined ? {} : { role: includes }),
    ...(includesClientRole === undefined ? {} : { clientRole: includesClientRole }),
  })
  const role = {
    ...named(name, options),
    ...(description === undefined ? {} : { description }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(composites === undefined ? {} : { composites }),
  }
  const existing = options.update === true ? 'change' : 'refuse'
  await change(options, (admin) => ensureRole(admin, role, { existing }))
}

/** `cloakwright roles delete`. */
export async function destroy(name: string, options: Options): Promise<void> {
  const remove = async (admin: Admin): Promise<readonly Change[]> => {
    const changes = await deleteRole(admin, named(name, options))
    if (changes.length > 0) return changes
    throw await missingRole(admin, name, options.client)
  }
  await change(options, remove, { question: `Delete the role ${name}?` })
}

function named(name: string, { client }: Options): { name: string; client?: string } {
  return client === undefined ? { name } : { name, client }
}
