import { blocksOf, type Folder, freeUrl, openFolder, openRealms, start } from './programs.ts'

/** The service and the API of the guide as they are, on the embedded realm or, with `CONFORMANCE_SERVER`, on Keycloak. */
export interface SinglePageApp {
  readonly origin: string
  readonly api: string
  /** With the files of the guide. */
  readonly folder: Folder
  close(): Promise<void>
}

export async function openSinglePageApp(): Promise<SinglePageApp> {
  const folder = openFolder()
  for (const language of ['tsx?', 'html', 'js'] as const)
    for (const { file, code } of blocksOf('single-page-app.md', language))
      if (file !== undefined) folder.write(file, code)
  const [origin, api, realms] = [await freeUrl(), await freeUrl(), await openRealms()]
  const variables = { ...(await realms.add(origin)), API_URL: api }
  const programs = await Promise.all([
    start(folder, 'app.ts', { ...variables, PORT: new URL(origin).port }, origin),
    start(folder, 'api.ts', { ...variables, PORT: new URL(api).port }, api),
  ])
  return {
    origin,
    api,
    folder,
    async close() {
      for (const program of programs) await program.stop()
      await realms.close()
      folder.remove()
    },
  }
}
