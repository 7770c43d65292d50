/** The mask for a secret in representations and events. */
export const secretMask = '**********'
