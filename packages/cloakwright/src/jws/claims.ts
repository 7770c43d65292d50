/** A token's claims: frozen, without a prototype. */
export type Claims = Readonly<Record<string, unknown>>
