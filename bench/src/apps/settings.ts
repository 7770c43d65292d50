/** What an application with browser login needs, from the environment. */
export interface Settings {
  readonly clientId: string
  readonly clientSecret: string
  readonly publicUrl: string
  readonly databaseUrl: string
  readonly redisUrl: string
  /** 32 random bytes, base64url. */
  readonly secret: string
}

export function settings(): Settings {
  return {
    clientId: variable('CLIENT_ID'),
    clientSecret: variable('CLIENT_SECRET'),
    publicUrl: variable('PUBLIC_URL'),
    databaseUrl: variable('DATABASE_URL'),
    redisUrl: variable('REDIS_URL'),
    secret: variable('SECRET'),
  }
}

function variable(name: string): string {
  return process.env[name] ?? ''
}
