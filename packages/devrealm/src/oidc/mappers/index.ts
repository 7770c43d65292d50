/** Claims by protocol mappers. */
export { ClaimSet } from './claim-set.ts'
export { applyMappers, type ClaimTarget, type MapperSource } from './mappers.ts'
