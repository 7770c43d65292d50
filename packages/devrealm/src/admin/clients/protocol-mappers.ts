import type { ProtocolMapper } from '../../model/index.ts'
import { listOf, nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { leftOutOfMappers, refuseLeftOut } from '../left-out/index.ts'
import { mapperShape } from '../representations/index.ts'
import { created, type Need, ok, type Resource } from '../request/index.ts'
import { newMapper, requireFreeName } from './protocol-mapper-changes.ts'

/** A client or client scope, seen as its protocol mappers. */
export interface MapperOwner {
  readonly mappers: readonly ProtocolMapper[]
  save(mappers: ProtocolMapper[]): void
}

/** `protocol-mappers` of clients and client scopes. */
export function mapperRoutes(owners: Resource<MapperOwner>, needs: { view: Need; manage: Need }): void {
  const list = owners.below('/protocol-mappers')
  list.get('/models', needs.view, ({ found }) => ok(found.mappers))
  list.get('/protocol/:protocol', needs.view, ({ found, params }) =>
    ok(found.mappers.filter((mapper) => mapper.protocol === params['protocol'])),
  )
  list.post('/models', needs.manage, mapperShape, ({ found, body, url }) => {
    const mapper = newMapper(body)
    requireFreeName(found.mappers, mapper)
    refuseLeftOut(leftOutOfMappers([mapper]))
    found.save([...found.mappers, mapper])
    return created(`${url}/${mapper.id}`)
  })
  list.post('/add-models', needs.manage, listOf(mapperShape), ({ found, body }) => {
    const mappers = [...found.mappers]
    for (const each of body) {
      const mapper = newMapper(each)
      requireFreeName(mappers, mapper)
      mappers.push(mapper)
    }
    refuseLeftOut(leftOutOfMappers(body))
    found.save(mappers)
    return undefined
  })

  const one = list.below('/models/:mapperId', ({ found: owner, params }) => ({
    owner,
    mapper: owner.mappers.find((each) => each.id === params['mapperId']),
  }))
  type Found = { owner: MapperOwner; mapper: ProtocolMapper | undefined }
  const replace = ({ owner, mapper }: Found, by: readonly ProtocolMapper[]): undefined => {
    owner.save(owner.mappers.flatMap((each) => (each === mapper ? by : [each])))
    return undefined
  }
  const existing = ({ mapper }: Found): ProtocolMapper => {
    if (mapper === undefined) throw notFound('Model not found')
    return mapper
  }
  one.get('', needs.view, ({ found }) => ok(existing(found)))
  // The name is fixed: an update cannot change it.
  one.put('', needs.manage, mapperShape, ({ found, body }) => {
    const mapper = existing(found)
    refuseLeftOut(leftOutOfMappers([body]), leftOutOfMappers([mapper]))
    return replace(found, [{ ...newMapper(body), id: mapper.id, name: mapper.name }])
  })
  one.delete('', needs.manage, nothing, ({ found }) => {
    existing(found)
    return replace(found, [])
  })
}
