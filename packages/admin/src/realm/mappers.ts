import type { MapperRepresentation } from '../representations.ts'
import { changedFields, type FieldChange, fieldChanges, merged } from './compare.ts'
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

/** Named `protocolMappers.audience.config.included.client.audience`. */
export function mapperChanges(
  wanted: readonly MapperDefinition[] | undefined,
  current: readonly MapperRepresentation[] | undefined,
): readonly FieldChange[] {
  return (wanted ?? []).flatMap((mapper) => {
    const have = (current ?? []).find(({ name }) => name === mapper.name)
    const path = ['protocolMappers', mapper.name]
    return have === undefined
      ? [{ path, before: undefined, after: toMapper(mapper) }]
      : fieldChanges(toMapper(mapper), have, path)
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
