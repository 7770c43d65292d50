/**
 * The realm's roles, for the compiler: `realm` is the union of the realm roles, `clients` has by client id the union of
 * that client's roles. Empty, it allows every name; the file that `cloakwright realm types` writes fills it in, and from
 * then on a mistyped role does not compile.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- to be filled in by declaration merging
export interface RealmRoles {}

/** A realm role's name: any text until {@link RealmRoles} says more. */
export type RealmRole = RealmRoles extends { readonly realm: infer Role } ? Role & string : string

/** The client id of a client with roles: any text until {@link RealmRoles} says more. */
export type RoleClient = RealmRoles extends { readonly clients: infer Clients }
  ? keyof Clients & string
  : string

/** The name of a role of that client: any text until {@link RealmRoles} says more. */
export type ClientRole<Client extends RoleClient> = RealmRoles extends { readonly clients: infer Clients }
  ? Clients[Client & keyof Clients] & string
  : string
