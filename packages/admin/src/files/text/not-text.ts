const asCsv =
  'Open it in Excel and use File > Save As with the type "CSV UTF-8 (Comma delimited)". In LibreOffice, use "Text CSV" with the character set UTF-8.'

interface Kind {
  /** Its first characters, each a byte. */
  readonly starts: readonly string[]
  readonly is: string
  readonly hint: string
}

/** What people give for a table. */
const kinds: readonly Kind[] = [
  {
    starts: ['PK\u0003\u0004', 'PK\u0005\u0006'],
    is: 'an Excel workbook or another ZIP archive',
    hint: asCsv,
  },
  // Also a workbook with a password.
  {
    starts: ['\u00d0\u00cf\u0011\u00e0\u00a1\u00b1\u001a\u00e1'],
    is: 'an Excel workbook (.xls)',
    hint: asCsv,
  },
  { starts: ['<'], is: 'a web page or XML', hint: asCsv },
  { starts: ['%PDF'], is: 'a PDF', hint: 'Export the users again as CSV in UTF-8.' },
  { starts: ['\u001f\u008b'], is: 'a gzip archive', hint: 'Unpack it first: gunzip -c FILE > NEW.' },
]

const openDocument: Kind = {
  starts: ['mimetypeapplication/vnd.oasis.opendocument'],
  is: 'an OpenDocument spreadsheet',
  hint: asCsv,
}

/** What a file is whose first bytes are those of no text, whatever its name says; undefined: it may be text. */
export function notText(start: Buffer): Kind | undefined {
  const text = start.toString('latin1')
  const found = kinds.find(({ starts }) => starts.some((each) => text.startsWith(each)))
  // The first entry of that archive, behind its header.
  const isOpenDocument = text.startsWith('PK') && text.startsWith(openDocument.starts[0] ?? '', 30)
  return isOpenDocument ? openDocument : found
}
