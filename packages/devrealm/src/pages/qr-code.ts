import { crc32, deflateSync } from 'node:zlib'
import { encode } from 'uqr'

const scale = 5
const quietZone = 4

/** Draws a string as a QR code: a PNG in a `data:` URL. */
export function qrCode(text: string): string {
  const { data, size } = encode(text, { border: quietZone })
  const width = size * scale
  // A filter byte, then one bit per pixel; 1 is white.
  const row = 1 + Math.ceil(width / 8)
  const pixels = Buffer.alloc(row * width, 0)
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const isDark = data[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true
      const at = y * row + 1 + (x >> 3)
      if (!isDark) pixels[at] = (pixels[at] as number) | (0x80 >> (x & 7))
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(width, 4)
  header[8] = 1
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  const png = [
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]
  return `data:image/png;base64,${Buffer.concat(png).toString('base64')}`
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
