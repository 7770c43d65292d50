// The functions of Next.js that are used, so that building this package does not need Next.js.

declare module 'next/headers.js' {
  export function headers(): Promise<{ get(name: string): string | null }>
}

declare module 'next/navigation.js' {
  export function redirect(url: string): never
}
