/** One file per endpoint. */
export { oidcRoutes } from './routes.ts'
