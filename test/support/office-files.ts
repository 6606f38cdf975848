import { strToU8, zipSync } from 'fflate'

/** A PDF of objects; the first is its catalogue. `trailer` are more entries of the trailer. */
function pdf(objects: readonly string[], trailer = ''): Uint8Array {
  let text = '%PDF-1.7\n'
  const offsets = objects.map((object, index) => {
    const offset = text.length
    text += `${index + 1} 0 obj\n${object}\nendobj\n`
    return `${String(offset).padStart(10, '0')} 00000 n \n`
  })
  const start = text.length
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`
  return Buffer.from(`${text}${table}trailer\n<</Size ${objects.length + 1}/Root 1 0 R${trailer}>>\nstartxref\n${start}\n%%EOF`, 'latin1')
}

const stream = (content: string): string => `<</Length ${content.length}>>\nstream\n${content}\nendstream`
const page = (content: string, ...fonts: string[]): string[] => [
  '<</Type/Catalog/Pages 2 0 R>>',
  '<</Type/Pages/Kids[3 0 R]/Count 1>>',
  '<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
  stream(content),
  ...fonts,
]
const HELVETICA = '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>'

/** A heading, and a paragraph of two lines; the title "On returns". */
export const textPdf = pdf(
  [
    ...page('BT /F1 24 Tf 50 700 Td (Returns) Tj /F1 12 Tf 0 -30 Td (You can send it) Tj 0 -14 Td (back for free.) Tj ET', HELVETICA),
    '<</Title(On returns)>>',
  ],
  '/Info 6 0 R',
)

const HEX = [...'退货政策：四十五天内可以退货。'].map((character) => character.charCodeAt(0).toString(16).padStart(4, '0')).join('')

/** A text in a font of readers that the file does not contain, as reports made by Java often have. */
export const chinesePdf = pdf(
  page(
    `BT /F1 12 Tf 50 700 Td <${HEX}> Tj ET`,
    '<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>',
    '<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo'
      + '<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/FontDescriptor 7 0 R>>',
    '<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200'
      + '/CapHeight 700/StemV 80>>',
  ),
)

/** A PDF whose password nobody knows. */
export const encryptedPdf = pdf(
  [...page('BT ET', HELVETICA), `<</Filter/Standard/V 2/R 3/Length 128/P -4/O<${'11'.repeat(32)}>/U<${'22'.repeat(32)}>>>`],
  `/Encrypt 6 0 R/ID[<${'33'.repeat(16)}><${'33'.repeat(16)}>]`,
)

const TYPES =
  '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
  + '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
  + '<Override PartName="/word/document.xml" '
  + 'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
const RELATIONS =
  '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
  + 'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
const STYLES =
  '<?xml version="1.0"?><w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
  + '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>'
const STYLE_RELATION =
  '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
  + 'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>'

/** A DOCX with this body. */
export const docx = (body: string): Uint8Array =>
  zipSync({
    '[Content_Types].xml': strToU8(TYPES),
    '_rels/.rels': strToU8(RELATIONS),
    'word/_rels/document.xml.rels': strToU8(STYLE_RELATION),
    'word/styles.xml': strToU8(STYLES),
    'word/document.xml': strToU8(
      `<?xml version="1.0"?>`
        + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">`
        + `<w:body>${body}</w:body></w:document>`,
    ),
  })

/** A CSV in GB18030: 问题,答案 / 怎么开发票？,登录后在订单页申请电子发票。 / 运费多少？,满99元包邮。 */
export const chineseCsv: Uint8Array = Buffer.from(
  'cecacce22cb4f0b0b80ad4f5c3b4bfaab7a2c6b1a3bf2cb5c7c2bcbaf3d4dab6a9b5a5d2b3c9eac7ebb5e7d7d3'
    + 'b7a2c6b1a1a30ad4cbb7d1b6e0c9d9a3bf2cc2fa3939d4aab0fcd3caa1a30a',
  'hex',
)
