export function runs(command: string, ...args: readonly string[]): boolean
export function provide(
  needs: readonly {
    readonly name: string
    readonly found: () => boolean
    readonly package: string
  }[],
): Promise<void>
