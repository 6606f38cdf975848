import { hash } from 'node:crypto'
import { z } from 'zod'
import { type ChangedLines, documentVersion, filesSchema, type Format, FORMAT_NAMES } from '../../../schemas/document-events.ts'
import { objectReference } from '../../../schemas/object-reference.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { type TemplateSource, templateSource } from '../template/template-source.ts'
import { lineChanges } from './line-changes.ts'

const problemSchema = z.object({
  code: z.string(),
  problem: z.string(),
  line: z.int().positive().optional(),
  column: z.int().positive().optional(),
})
/** Why a document cannot be made of its template and data, and where in the template. Another attempt would not help. */
export type DocumentProblem = z.output<typeof problemSchema>

/** What makes a document. */
export interface DocumentRequest {
  readonly template: TemplateSource
  readonly data: Readonly<Record<string, unknown>>
  readonly id: string
  readonly title?: string | undefined
  readonly formats: readonly Format[]
  /** When it is made; ISO. The document has no other clock. */
  readonly at: string
}

/** A document that was made: the same request always makes the same bytes. */
export interface MadeDocument {
  readonly title: string
  readonly files: { readonly markdown: string } & { readonly [Other in Format]?: string | Uint8Array }
}

/** For whom a document is made, and until when. */
export interface MakingFor {
  readonly tenant: string
  readonly signal: AbortSignal
}

/** Makes a document within bounds of time and memory; tenants take turns. Throws where another attempt may help. */
export type MakeDocument = (request: DocumentRequest, by: MakingFor) => Promise<MadeDocument | DocumentProblem>

const inputSchema = z.object({
  id: z.string(),
  source: objectReference,
  data: z.record(z.string(), z.unknown()),
  title: z.string().optional(),
  formats: z.array(z.enum(FORMAT_NAMES)),
  at: z.string(),
  /** The version before. */
  newest: documentVersion.pick({ title: true, files: true }).optional(),
})
const madeSchema = documentVersion.pick({ title: true, files: true, lines: true })
/** A version, why there is none, or neither where nothing is new. */
const outputSchema = z.object({ made: madeSchema.optional(), problem: problemSchema.optional() })
export type MadeVersion = z.output<typeof madeSchema>

/** A document is given up after this time, with all attempts and the wait behind the tenant's other documents: 10,000 at 2 s each. */
const DEADLINE_MS = 6 * 60 * 60_000
const ATTEMPTS_MAX = 4
/** Documents of which a process has the request and the template: they wait for one of its threads, or their files are being stored. */
const CONCURRENCY_MAX = 64

/** The task that makes a document and stores its files. */
export const renderTask = (make: MakeDocument) =>
  defineTask({
    input: inputSchema,
    output: outputSchema,
    deadlineMs: DEADLINE_MS,
    attemptsMax: ATTEMPTS_MAX,
    concurrencyMax: CONCURRENCY_MAX,
    hasTenantTurns: true,
    async run({ input: { source, newest, ...request }, actor: { tenant }, object, store, signal }): Promise<z.input<typeof outputSchema>> {
      const template = templateSource.parse(JSON.parse((await object(source)).toString()))
      const made = await make({ ...request, template }, { tenant, signal })
      if ('problem' in made) return { problem: made }
      const { title, files } = made
      const before = newest?.files.markdown
      const isSameText = before?.sha256 === hash('sha256', files.markdown)
      if (isSameText && newest?.title === title && sameFormats(newest.files, files)) return {}
      const textBefore = before === undefined ? '' : (await object(before)).toString()
      const lines: ChangedLines = isSameText ? { added: 0, removed: 0 } : lineChanges(textBefore, files.markdown)
      const stored: z.input<typeof filesSchema> = {}
      for (const format of FORMAT_NAMES) {
        const file = files[format]
        if (file !== undefined) stored[format] = await store(file)
      }
      return { made: { title, files: stored, lines } }
    },
  })

const sameFormats = (one: object, other: object): boolean => Object.keys(one).sort().join() === Object.keys(other).sort().join()
