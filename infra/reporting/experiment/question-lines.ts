import { z } from 'zod'
import { detectLanguage } from '../../../actors/core/detect-language.ts'
import type { PromptLanguage } from '../../../actors/definition/task-prompts.ts'
import { openLines } from '../../../pipeline/ingest/line-file.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'

/** A line of a dataset: what `colloquy dataset from-log` writes, or any JSON with a question. Other fields are ignored. */
const lineSchema = z
  .object({
    query: z.string().optional(),
    question: z.string().optional(),
    context: z.array(z.string()).default([]),
    lang: z.string().optional(),
    tenant: z.string().optional(),
  })
  .transform(({ query, question, ...line }) => ({ ...line, query: (query ?? question ?? '').trim() }))

/** A question of a dataset. */
export interface DatasetQuestion {
  /** Of its line, from 1. */
  readonly line: number
  readonly query: string
  readonly context: readonly string[]
  readonly lang: PromptLanguage
  readonly tenant: string | undefined
}

/** What is read of a dataset. */
export interface Dataset {
  readonly questions: readonly DatasetQuestion[]
  /** Lines that repeat a question of the same tenant. They would count twice as if they were independent. */
  readonly repeated: number
  /** Lines without a question, such as answers that nobody asked for. */
  readonly unasked: number
  /** Whether the file has more questions than the limit. */
  readonly isCut: boolean
}

/**
 * Reads the questions of a file of JSON lines, which may be zipped (`.gz`), each question once.
 *
 * @throws ColloquyError `bad_file` if it cannot be opened; `bad_dataset` for a line that is no JSON object of this form, or no question
 */
export async function readDataset(path: string, questionsMax: number): Promise<Dataset> {
  const { lines } = await openLines(path)
  const questions = new Map<string, DatasetQuestion>()
  let [repeated, unasked] = [0, 0]
  const dataset = (isCut: boolean): Dataset => ({ questions: [...questions.values()], repeated, unasked, isCut })
  for await (const { number, bytes, problem } of lines) {
    const text = Buffer.from(bytes).toString('utf8')
    if (problem === undefined && text.trim() === '') continue
    const line = lineSchema.safeParse(parseJson(text), IN_WORDS)
    if (problem !== undefined || !line.success) {
      const what = problem ?? zodProblem(line.error ?? new z.ZodError([]), '')
      throw new ColloquyError('bad_dataset', `line ${number} of ${path}: ${what}`)
    }
    const { query, context, tenant, lang } = line.data
    const key = JSON.stringify([tenant, query])
    if (query === '') unasked += 1
    else if (questions.has(key)) repeated += 1
    else if (questions.size === questionsMax) return dataset(true)
    else questions.set(key, { line: number, query, context, tenant, lang: promptLanguage(lang ?? detectLanguage(query)) })
  }
  if (questions.size === 0) throw new ColloquyError('bad_dataset', `${path} has no question: a line is {"query": "…"}`)
  return dataset(false)
}

const promptLanguage = (lang: string | null): PromptLanguage => (lang?.toLowerCase().startsWith('zh') === true ? 'zh' : 'en')
