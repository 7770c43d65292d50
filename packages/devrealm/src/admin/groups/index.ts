export { addGroup } from './group-changes.ts'
export { groupByPath } from './group-paths.ts'
export { groupRoutes } from './groups.ts'
