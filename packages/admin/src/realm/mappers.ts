import type { MapperRepresentation } from '../representations.ts'
import { changedFields, merged } from './compare.ts'
import type { MapperDefinition } from './model.ts'
import { found } from './step.ts'

/** What the mappers of a client, or of a client scope, are read and written with. */
export interface MapperStore {
  readonly list: () => Promise<MapperRepresentation[]>
  readonly add: (mapper: MapperRepresentation) => Promise<unknown>
  readonly update: (id: string, mapper: MapperRepresentation) => Promise<unknown>
}

export function toMapper(mapper: MapperDefinition): MapperRepresentation {
  return { protocol: 'openid-connect', ...mapper }
}

/** As fields of a change: `protocolMappers.audience.config.included.client.audience`. */
export function mapperFields(
  wanted: readonly MapperDefinition[] | undefined,
  current: readonly MapperRepresentation[] | undefined,
): string[] {
  return (wanted ?? []).flatMap((mapper) => {
    const have = (current ?? []).find(({ name }) => name === mapper.name)
    const field = `protocolMappers.${mapper.name}`
    return have === undefined ? [field] : changedFields(toMapper(mapper), have, `${field}.`)
  })
}

export async function writeMappers(
  wanted: readonly MapperDefinition[] | undefined,
  store: MapperStore,
): Promise<void> {
  if (wanted === undefined || wanted.length === 0) return
  const current = await store.list()
  for (const mapper of wanted) {
    const have = current.find(({ name }) => name === mapper.name)
    if (have === undefined) await store.add(toMapper(mapper))
    else if (changedFields(toMapper(mapper), have).length > 0) {
      await store.update(found(have.id, `id of mapper ${mapper.name}`), merged(have, toMapper(mapper)))
    }
  }
}
