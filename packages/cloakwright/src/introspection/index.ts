export { createIntrospection, type Introspection } from './introspection.ts'
export { isLightweight, isOpaque } from './needs.ts'
export type { IntrospectionOptions } from './options.ts'
