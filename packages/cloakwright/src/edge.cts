// What the edge runtime gets in place of this package, by the export condition `edge-light`. A CommonJS module, since
// bundlers do not check the names that are imported from one.
throw new Error(
  'cloakwright: the edge runtime has no node:crypto, which verifies tokens. Use the Node.js runtime: ' +
    "rename middleware.ts to proxy.ts (Next.js 16), or set runtime: 'nodejs' in its config (15.5); " +
    "in a route or page, remove: export const runtime = 'edge'.",
)
