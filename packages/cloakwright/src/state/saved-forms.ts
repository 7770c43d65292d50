/** Forms of one owner that a store keeps: a user has a few tabs, and nobody can fill the store. */
export const formsOfOwner = 8
