export {
  describe,
  leftOutOfClient,
  leftOutOfMappers,
  leftOutOfPolicies,
  leftOutOfRealm,
  leftOutOfSettings,
  realKeycloak,
  refuseLeftOut,
  unusedPartsOf,
} from './left-out.ts'
