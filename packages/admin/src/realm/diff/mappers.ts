import type { Admin, MapperRepresentation } from '../../client/index.ts'
import { fieldChanges, merged } from '../../fields/index.ts'
import type { MapperDefinition } from '../definition/index.ts'
import { found } from './named.ts'
import { type Part } from './planned-change.ts'

/** What the mappers of a client, or of a client scope, are read and written with. */
export interface MapperStore {
  readonly list: () => Promise<MapperRepresentation[]>
  readonly add: (mapper: MapperRepresentation) => Promise<unknown>
  readonly update: (id: string, mapper: MapperRepresentation) => Promise<unknown>
}

export function toMapper(mapper: MapperDefinition): MapperRepresentation {
  return { protocol: 'openid-connect', ...mapper }
}

/** A part for each mapper that differs; its fields are named `protocolMappers.audience.config.included.client.audience`. */
export function mapperParts(
  wanted: readonly MapperDefinition[] | undefined,
  current: readonly MapperRepresentation[] | undefined,
  storeOf: (admin: Admin) => Promise<MapperStore>,
): readonly Part[] {
  return (wanted ?? []).map((mapper) => {
    const have = (current ?? []).find(({ name }) => name === mapper.name)
    const path = ['protocolMappers', mapper.name]
    const changes =
      have === undefined
        ? [{ path, before: undefined, after: toMapper(mapper) }]
        : fieldChanges(toMapper(mapper), have, path)
    return { changes, run: async (admin) => await writeMapper(mapper, await storeOf(admin)) }
  })
}

async function writeMapper(wanted: MapperDefinition, store: MapperStore): Promise<void> {
  const have = (await store.list()).find(({ name }) => name === wanted.name)
  if (have === undefined) await store.add(toMapper(wanted))
  else await store.update(found(have.id, `id of mapper ${wanted.name}`), merged(have, toMapper(wanted)))
}
