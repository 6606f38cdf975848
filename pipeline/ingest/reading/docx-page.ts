import { strToU8, unzipSync, zipSync } from 'fflate'
import mammoth from 'mammoth'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'

/** Bytes of the unpacked parts with text; their size as the archive declares it bounds what is unpacked. */
const UNPACKED_BYTES_MAX = 128 * 1024 * 1024
const PARTS_MAX = 2_000
const MAIN_PART = 'word/document.xml'
/** The parts with text and styles. Pictures, fonts and embedded files are not unpacked. */
const TEXT_PART = /^(?:\[Content_Types\]\.xml|_rels\/.*|word\/[^/]+\.xml|word\/_rels\/.*)$/

/**
 * Converts a DOCX file to a page. mammoth unpacks whatever an archive holds; therefore the parts with text are unpacked here, within
 * limits, and given to it without compression.
 *
 * @throws ColloquyError `bad_document`
 */
export async function docxPage(bytes: Uint8Array): Promise<string> {
  const buffer = Buffer.from(zipSync(textPartsOf(bytes), { level: 0 }))
  try {
    const { value } = await mammoth.convertToHtml({ buffer }, { convertImage: mammoth.images.imgElement(async () => ({ src: '' })) })
    return value
  } catch (cause) {
    throw new ColloquyError('bad_document', `the file cannot be read as DOCX: ${messageOf(cause)}`, { cause })
  }
}

function textPartsOf(bytes: Uint8Array): Record<string, Uint8Array> {
  let [size, count] = [0, 0]
  let parts: Record<string, Uint8Array>
  try {
    parts = unzipSync(bytes, {
      filter({ name, originalSize }) {
        if (!TEXT_PART.test(name)) return false
        size += originalSize
        count += 1
        if (size > UNPACKED_BYTES_MAX || count > PARTS_MAX) throw new ColloquyError('too_long', tooLarge)
        return true
      },
    })
  } catch (cause) {
    if (cause instanceof ColloquyError) throw cause
    throw new ColloquyError('bad_document', `the file is no DOCX: its archive is damaged or cut (${messageOf(cause)})`, { cause })
  }
  if (parts[MAIN_PART] === undefined)
    throw new ColloquyError('bad_document', `the file is a ZIP archive and no DOCX: it has no ${MAIN_PART}`)
  return { '[Content_Types].xml': strToU8('<Types/>'), ...parts }
}

const tooLarge = `the file would unpack to more than ${UNPACKED_BYTES_MAX} bytes or ${PARTS_MAX} parts`
