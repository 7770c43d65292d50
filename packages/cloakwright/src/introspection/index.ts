export {
  createIntrospection,
  type Introspection,
  type IntrospectionOptions,
} from './introspection.ts'
export { isLightweight, isOpaque } from './needs.ts'
