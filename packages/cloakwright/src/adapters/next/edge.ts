import { CloakwrightError } from '../../errors.ts'

/**
 * Next.js sets the variable when it builds a module for the edge runtime.
 *
 * @throws {CW_CONFIG_INVALID} The module was built for the edge runtime.
 */
export function refuseEdge(): void {
  if (process.env['NEXT_RUNTIME'] !== 'edge') return
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    'cloakwright/next: the edge runtime has no node:crypto, which verifies tokens',
    {
      hint: "Rename middleware.ts to proxy.ts (Next.js 16), or set runtime: 'nodejs' in its config (15.5). In a route or page, remove: export const runtime = 'edge'.",
    },
  )
}
