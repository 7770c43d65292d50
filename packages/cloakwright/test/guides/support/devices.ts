import {
  blocksOf,
  type Folder,
  freeUrl,
  type GuideRealms,
  openFolder,
  openRealms,
  start,
} from './programs.ts'

export const guide = 'session-data-and-devices.md'

/** Writes the files of the guide. */
export function writeGuide(folder: Folder): void {
  for (const { file, code } of [...blocksOf(guide), ...blocksOf(guide, 'js')])
    if (file !== undefined) folder.write(file, code)
}

/** The app of the guide, running. */
export interface DevicesApp {
  readonly origin: string
  close(): Promise<void>
}

export async function openDevices(variables: Record<string, string> = {}): Promise<DevicesApp> {
  const folder = openFolder()
  writeGuide(folder)
  const realms: GuideRealms = await openRealms()
  const origin = await freeUrl()
  const settings = { ...(await realms.add(origin)), PORT: new URL(origin).port, ...variables }
  const program = await start(folder, 'app.ts', settings, origin)
  return {
    origin,
    async close() {
      await program.stop()
      await realms.close()
      folder.remove()
    },
  }
}
