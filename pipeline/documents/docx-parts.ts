const WORD = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const TYPE = 'application/vnd.openxmlformats-officedocument.wordprocessingml'

/** Half points, by level. */
const HEADING_SIZES = [36, 30, 26, 24]

const style = (id: string, name: string, paragraph: string, run: string, type = 'paragraph'): string =>
  `<w:style w:type="${type}" w:styleId="${id}"><w:name w:val="${name}"/>${id === 'Normal' ? '' : '<w:basedOn w:val="Normal"/>'}`
  + `${paragraph === '' ? '' : `<w:pPr>${paragraph}</w:pPr>`}${run === '' ? '' : `<w:rPr>${run}</w:rPr>`}</w:style>`

const border = (sides: readonly string[]): string =>
  sides.map((side) => `<w:${side} w:val="single" w:sz="4" w:space="0" w:color="BBBBBB"/>`).join('')

const stylesPart = (lang: string): string =>
  `<w:styles xmlns:w="${WORD}"><w:docDefaults><w:rPrDefault><w:rPr>`
  + '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="Microsoft YaHei" w:cs="Calibri"/><w:sz w:val="22"/>'
  + `<w:lang w:val="${lang}" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault>`
  + '<w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="276" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>'
  + style('Normal', 'Normal', '', '')
  + HEADING_SIZES.map((size, index) =>
    style(
      `Heading${index + 1}`,
      `heading ${index + 1}`,
      `<w:keepNext/><w:spacing w:before="240" w:after="120"/><w:outlineLvl w:val="${index}"/>`,
      `<w:b/><w:sz w:val="${size}"/>`,
    ),
  ).join('')
  + style('Quote', 'Quote', '', '<w:color w:val="555555"/>')
  + style('Code', 'Code', '<w:shd w:val="clear" w:fill="F3F3F3"/>', '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas"/><w:sz w:val="20"/>')
  + style('Rule', 'Rule', `<w:pBdr>${border(['bottom'])}</w:pBdr>`, '')
  + '<w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/><w:rPr><w:color w:val="0563C1"/>'
  + '<w:u w:val="single"/></w:rPr></w:style><w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/>'
  + '<w:tblPr><w:tblBorders>'
  + `${border(['top', 'left', 'bottom', 'right', 'insideH', 'insideV'])}</w:tblBorders></w:tblPr></w:style></w:styles>`

const LEVELS = Array.from({ length: 9 }, (_, level) => level)
const levelXml = (level: number, format: string, text: string): string =>
  `<w:lvl w:ilvl="${level}"><w:start w:val="1"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/><w:lvlJc w:val="left"/>`
  + `<w:pPr><w:ind w:left="${(level + 1) * 360}" w:hanging="360"/></w:pPr></w:lvl>`
const BULLETS = LEVELS.map((level) => levelXml(level, 'bullet', '•')).join('')
const NUMBERS = LEVELS.map((level) => levelXml(level, 'decimal', `%${level + 1}.`)).join('')

/** Numbers of the lists, in their order: each starts by itself. A list without a first number has bullets. */
export const numberingPart = (lists: readonly (number | undefined)[]): string =>
  `<w:numbering xmlns:w="${WORD}"><w:abstractNum w:abstractNumId="0">${BULLETS}</w:abstractNum>`
  + `<w:abstractNum w:abstractNumId="1">${NUMBERS}</w:abstractNum>`
  + lists
    .map((start, index) => {
      const starts = LEVELS.map((level) => `<w:lvlOverride w:ilvl="${level}"><w:startOverride w:val="${start}"/></w:lvlOverride>`).join('')
      return start === undefined
        ? `<w:num w:numId="${index + 1}"><w:abstractNumId w:val="0"/></w:num>`
        : `<w:num w:numId="${index + 1}"><w:abstractNumId w:val="1"/>${starts}</w:num>`
    })
    .join('')
  + '</w:numbering>'

/** The parts that hardly differ from document to document. */
export const DOCX_PARTS = ({ title, lang, at }: { readonly title: string; readonly lang: 'en' | 'zh'; readonly at: string }) => ({
  '[Content_Types].xml':
    `<Types xmlns="${PACKAGE}/content-types">`
    + '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    + '<Default Extension="xml" ContentType="application/xml"/>'
    + `<Override PartName="/word/document.xml" ContentType="${TYPE}.document.main+xml"/>`
    + `<Override PartName="/word/styles.xml" ContentType="${TYPE}.styles+xml"/>`
    + `<Override PartName="/word/numbering.xml" ContentType="${TYPE}.numbering+xml"/>`
    + '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
  '_rels/.rels':
    `<Relationships xmlns="${PACKAGE}/relationships">`
    + `<Relationship Id="document" Type="${OFFICE}/officeDocument" Target="word/document.xml"/>`
    + `<Relationship Id="core" Type="${PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`,
  'docProps/core.xml':
    `<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" `
    + 'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    + `<dc:title>${title}</dc:title><dcterms:created xsi:type="dcterms:W3CDTF">${at}</dcterms:created></cp:coreProperties>`,
  'word/styles.xml': stylesPart(lang === 'zh' ? 'zh-CN' : 'en-GB'),
})
