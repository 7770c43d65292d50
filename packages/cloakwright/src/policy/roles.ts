/**
 * The realm's roles, for the compiler. `realm` is the union of the realm roles; `clients` maps a client id to the union
 * of that client's roles. If empty, every name is allowed. The file that `cloakwright realm types` writes fills it in;
 * then a mistyped role does not compile.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- to be filled in by declaration merging
export interface RealmRoles {}

/** A realm role's name: any string until {@link RealmRoles} is filled in. */
export type RealmRole = RealmRoles extends { readonly realm: infer Role } ? Role & string : string

/** The client id of a client with roles: any string until {@link RealmRoles} is filled in. */
export type RoleClient = RealmRoles extends { readonly clients: infer Clients }
  ? keyof Clients & string
  : string

/** The name of a role of that client: any string until {@link RealmRoles} is filled in. */
export type ClientRole<Client extends RoleClient> = RealmRoles extends { readonly clients: infer Clients }
  ? Clients[Client & keyof Clients] & string
  : string
