/** What stands for a secret in representations and events. */
export const secretMask = '**********'
