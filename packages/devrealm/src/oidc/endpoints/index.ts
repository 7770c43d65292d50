/** A file for each endpoint. */
export { oidcRoutes } from './routes.ts'
