import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'

/** Lines of a cell, or its text. */
const source = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(''))])
const cell = z.object({ cell_type: z.string(), source: source.optional(), input: source.optional() })
const cells = z.array(cell)
/** Version 4, and version 3 with its worksheets. */
const notebook = z.object({
  cells: cells.optional(),
  worksheets: z.array(z.object({ cells: cells.optional() })).optional(),
  metadata: z.object({ language_info: z.object({ name: z.string().optional() }).optional() }).optional(),
})

/**
 * A notebook of Jupyter as Markdown: its texts, and its code in fences. Results are left out.
 *
 * @throws ColloquyError `bad_document`
 */
export function notebookMarkdown(text: string): string {
  const json = parseJson(text)
  if (json === undefined) throw new ColloquyError('bad_document', 'the file cannot be read as a notebook: it is not JSON, or it is cut')
  const read = notebook.safeParse(json, IN_WORDS)
  if (!read.success) throw new ColloquyError('bad_document', `the file is no notebook (${zodProblem(read.error, '')})`)
  const { worksheets, metadata } = read.data
  const all = read.data.cells ?? worksheets?.flatMap((sheet) => sheet.cells ?? [])
  if (all === undefined) throw new ColloquyError('bad_document', 'the file is no notebook: it has no cells')
  const language = metadata?.language_info?.name ?? ''
  return all
    .map(({ cell_type, source, input }) => {
      const content = source ?? input ?? ''
      return cell_type === 'code' && content.trim() !== '' ? fenced(content, language) : content
    })
    .join('\n\n')
}

/** A fence longer than any inside the code. */
function fenced(code: string, language: string): string {
  const marks = Math.max(2, ...(code.match(/`{3,}/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(marks + 1)
  return `${fence}${language}\n${code}\n${fence}`
}
