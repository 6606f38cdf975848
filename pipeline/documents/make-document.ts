import type { DocumentProblem, DocumentRequest, MadeDocument } from '../../actors/kinds/document/render-task.ts'
import { dataProblem } from '../../actors/kinds/template/data-schema.ts'
import { createLiquid, problemOf } from '../../actors/kinds/template/liquid.ts'
import { readMarkdown } from './document-blocks.ts'
import { htmlPage } from './document-page.ts'
import { docxFile } from './docx-file.ts'
import { pdfFile } from './pdf-file.ts'
import { RejectedDocument } from './rejected-document.ts'

/** Bytes of the Markdown of a document. */
export const MARKDOWN_BYTES_MAX = 512 * 1_024
/** Control characters but tabs and line breaks: no format has them. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/g

/** Makes the files of a document. Its caller bounds time and memory. */
export async function makeDocument(request: DocumentRequest): Promise<MadeDocument | DocumentProblem> {
  const { template, id, formats, at } = request
  try {
    const title = request.title ?? template.title ?? id
    const text = markdownOf(request)
    const { html, blocks } = readMarkdown(text)
    const facts = { title, lang: template.lang, at }
    return {
      title,
      files: {
        markdown: text,
        ...(formats.includes('html') && { html: htmlPage(html, facts) }),
        ...(formats.includes('docx') && { docx: docxFile(blocks, facts) }),
        ...(formats.includes('pdf') && { pdf: await pdfFile(blocks, facts) }),
      },
    }
  } catch (error) {
    if (error instanceof RejectedDocument) return error.problem
    throw error
  }
}

/** The template, filled. */
function markdownOf({ template: { text, schema }, data, at }: DocumentRequest): string {
  const problem = schema && dataProblem(schema, data)
  if (problem !== undefined) throw new RejectedDocument({ code: 'bad_document_data', problem })
  const filled = filledText(text, data, at).toWellFormed().replace(CONTROL, '')
  const bytes = Buffer.byteLength(filled)
  if (bytes > MARKDOWN_BYTES_MAX) {
    throw new RejectedDocument({ code: 'document_too_large', problem: `the Markdown has ${bytes} bytes; at most ${MARKDOWN_BYTES_MAX}` })
  }
  return filled
}

function filledText(text: string, data: DocumentRequest['data'], at: string): string {
  try {
    return String(createLiquid(at).parseAndRenderSync(text, data))
  } catch (error) {
    throw new RejectedDocument({ code: 'template_failed', ...problemOf(error) }, { cause: error })
  }
}
