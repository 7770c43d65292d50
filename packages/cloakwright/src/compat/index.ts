// `require('cloakwright/keycloak-connect')` returns the export named 'module.exports', as the old package did. TypeScript
// before 5.6 cannot read it: package.json points it to the other file.
export { default, default as 'module.exports' } from './keycloak-connect.ts'
