// Written by `cloakwright realm types`, for the compiler: the realm's roles. Changes here are lost.
export {}

declare module 'cloakwright' {
  interface RealmRoles {
    realm: 'admin' | 'user'
    clients: {}
  }
}
