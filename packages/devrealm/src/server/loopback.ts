/** Whether a listening address is loopback. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(?:\.\d{1,3}){3}$/.test(address)
}

/** Whether a Host header is loopback: a loopback address, `localhost` or a subdomain of it. */
export function isLoopbackHost(host: string): boolean {
  let name: string
  try {
    name = new URL(`http://${host}`).hostname
  } catch {
    return false
  }
  return isLoopback(name.replace(/^\[(.*)\]$/, '$1')) || name.endsWith('.localhost')
}
