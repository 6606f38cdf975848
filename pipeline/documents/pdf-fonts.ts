import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { create } from 'fontkit'
import { RejectedDocument } from './rejected-document.ts'

/** The package with the font of texts beyond Western Europe's. It has 95 MB and is not installed with Colloquy. */
export const FONT_PACKAGE = '@expo-google-fonts/noto-sans-sc'
const FILES = { regular: '400Regular/NotoSansSC_400Regular.ttf', bold: '700Bold/NotoSansSC_700Bold.ttf' } as const

/** What the fonts that every PDF reader has can show: Windows-1252. */
const WESTERN = /^[\n\x20-\x7e\u00a0-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]*$/

/** The fonts of a PDF: names of standard fonts, or the bytes of files. */
export interface PdfFonts {
  readonly regular: string | Buffer
  readonly bold: string | Buffer
  readonly code: string | Buffer
}

const STANDARD: PdfFonts = { regular: 'Helvetica', bold: 'Helvetica-Bold', code: 'Courier' }

interface LoadedFonts extends PdfFonts {
  hasGlyph(codePoint: number): boolean
}
let loading: Promise<LoadedFonts> | undefined

/**
 * The fonts that a text needs.
 *
 * @throws RejectedDocument `font_missing`, `no_glyph`
 */
export async function fontsFor(text: string): Promise<PdfFonts> {
  if (WESTERN.test(text)) return STANDARD
  loading ??= load()
  const fonts = await loading.catch((error: unknown) => {
    // The package may be installed later.
    loading = undefined
    throw error
  })
  const missing = [...new Set(text)].filter((character) => character !== '\n' && !fonts.hasGlyph(character.codePointAt(0) ?? 0))
  if (missing.length === 0) return fonts
  const shown = missing.slice(0, 5).map((character) => `"${character}" (U+${character.codePointAt(0)?.toString(16).toUpperCase()})`)
  throw new RejectedDocument({
    code: 'no_glyph',
    problem: `the font of the PDF has no ${shown.join(', ')}; leave it out of the text, or pdf out of the formats`,
  })
}

async function load(): Promise<LoadedFonts> {
  const [regular, bold] = await Promise.all([readFont(FILES.regular), readFont(FILES.bold)])
  const font = create(regular)
  const isCollection = 'fonts' in font
  return { regular, bold, code: regular, hasGlyph: (codePoint) => isCollection || font.hasGlyphForCodePoint(codePoint) }
}

async function readFont(file: string): Promise<Buffer> {
  try {
    return await readFile(fileURLToPath(import.meta.resolve(`${FONT_PACKAGE}/${file}`)))
  } catch (cause) {
    const remedy = `run "npm install ${FONT_PACKAGE}" beside Colloquy, or leave pdf out of the formats`
    const problem = `a PDF of this text needs a font that is not installed: ${remedy}`
    throw new RejectedDocument({ code: 'font_missing', problem }, { cause })
  }
}
