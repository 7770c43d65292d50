/** Finds the ends of frames in one direction of a WebSocket (RFC 6455 §5.2), without reading their content. */
export class Frames {
  /** Bytes of the current frame's content that are still to come. */
  #left = 0
  #head = Buffer.alloc(0)

  /** Whether the last chunk ended with a whole frame. */
  get isAtEnd(): boolean {
    return this.#left === 0 && this.#head.length === 0
  }

  /** Takes the next chunk, and returns where its first frame ends; -1 if it does not end here. */
  endOf(chunk: Buffer): number {
    return this.#follow(chunk, true)
  }

  /** Takes the next chunk. */
  follow(chunk: Buffer): void {
    this.#follow(chunk, false)
  }

  #follow(chunk: Buffer, untilEnd: boolean): number {
    let at = 0
    while (at < chunk.length) {
      if (this.#left === 0) {
        const before = this.#head.length
        const head = Buffer.concat([this.#head, chunk.subarray(at, at + longestHead - before)])
        const size = headSize(head)
        if (size === undefined || head.length < size) {
          this.#head = head
          return -1
        }
        at += size - before
        this.#head = Buffer.alloc(0)
        this.#left = contentSize(head)
      }
      const taken = Math.min(this.#left, chunk.length - at)
      this.#left -= taken
      at += taken
      if (this.#left === 0 && untilEnd) return at
    }
    return -1
  }
}

const longestHead = 14

/** Depends on the second byte: the length, and whether there is a mask. */
function headSize(head: Buffer): number | undefined {
  const second = head[1]
  if (second === undefined) return undefined
  const length = second & 0x7f
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0)
}

function contentSize(head: Buffer): number {
  const length = (head[1] as number) & 0x7f
  return length === 126 ? head.readUInt16BE(2) : length === 127 ? Number(head.readBigUInt64BE(2)) : length
}
