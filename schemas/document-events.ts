import { z } from 'zod'
import { objectReference } from './object-reference.ts'
import { TOKEN } from './subjects.ts'

/** The kind that holds a template in its versions: one actor a template. */
export const TEMPLATE_KIND = 'template'
/** The kind that holds a document, which a template makes of data: one actor a document. */
export const DOCUMENT_KIND = 'document'

/** Bounds of templates and documents. */
export const DOCUMENT_LIMITS = {
  /** Bytes of a template's text in UTF-8, and of the JSON Schema of its data. */
  templateBytesMax: 48 * 1_024,
  schemaBytesMax: 16 * 1_024,
  /** Bytes of a document's data as JSON. */
  dataBytesMax: 32 * 1_024,
  /** Versions that are kept of a template and of a document; those that are approved or in use stay besides. */
  versionsMax: 12,
  /** UTF-16 units of a title, a name and a note. */
  textCharsMax: 200,
  /** UTF-16 units of a problem. */
  problemCharsMax: 600,
} as const

/** The formats of a document, each with the ending of its files. */
export const FORMATS = { markdown: 'md', html: 'html', docx: 'docx', pdf: 'pdf' } as const
export const FORMAT_NAMES = ['markdown', 'html', 'docx', 'pdf'] as const
/** A format of a document. */
export type Format = (typeof FORMAT_NAMES)[number]

const token = z.string().regex(TOKEN)
const shortText = z.string().min(1).max(DOCUMENT_LIMITS.textCharsMax)
const bytesOf = (value: unknown): number => Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value))
const version = z.int().positive()

export const LANGUAGES = ['en', 'zh'] as const

/** A JSON Schema, 2020-12. */
const jsonSchema = z
  .record(z.string(), z.unknown())
  .refine((schema) => bytesOf(schema) <= DOCUMENT_LIMITS.schemaBytesMax, 'must have at most 16 KiB as JSON')

/** What a template is: a new version where something differs from the newest one. */
export const templateSet = z.object({
  text: z
    .string()
    .min(1)
    .refine((text) => bytesOf(text) <= DOCUMENT_LIMITS.templateBytesMax, 'must have at most 48 KiB in UTF-8')
    .meta({ description: 'Markdown with Liquid' }),
  schema: jsonSchema.optional().meta({ description: 'JSON Schema of the data of its documents (default: any object)' }),
  lang: z.enum(LANGUAGES).default('en').meta({ description: 'Language of its documents' }),
  title: shortText.optional().meta({ description: 'For people, and the title of documents that have none' }),
  note: shortText.optional().meta({ description: 'What is new in this version' }),
})
export type TemplateSet = z.output<typeof templateSet>

/** A document asks its template for the version in use. */
export const templateAsked = z.object({})

/** A template tells a document of its version in use: as an answer, and again whenever there is a new one. */
export const templateGiven = z.object({
  template: token,
  version: z.int().nonnegative().meta({ description: '0: the template was never set' }),
  source: objectReference.nullable().meta({ description: 'The text, its schema and its language, as JSON; null without a version' }),
})

/** Emitted by a template: a version is in use. */
export const templateChanged = z.object({ version, lang: z.enum(LANGUAGES), bytes: z.int().meta({ description: 'Of its text' }) })

/** Emitted by a template whose version could not be stored; the one before stays in use. */
export const templateFailed = z.object({ code: z.string(), problem: z.string() })

const dataSchema = z
  .record(z.string(), z.unknown())
  .refine((data) => bytesOf(data) <= DOCUMENT_LIMITS.dataBytesMax, 'must have at most 32 KiB as JSON')

/** What a document is: it replaces what was set before. */
export const documentSet = z.object({
  template: token.meta({ description: 'Id of the template' }),
  data: dataSchema.meta({ description: 'What the template is filled with' }),
  title: shortText.optional().meta({ description: 'Default: that of the template, or the id of the document' }),
  formats: z
    .array(z.enum(FORMAT_NAMES))
    .min(1)
    .max(FORMAT_NAMES.length)
    .refine((formats) => new Set(formats).size === formats.length, 'must not have a format twice')
    .default([...FORMAT_NAMES])
    .meta({ description: 'Markdown is always made' }),
})
export type DocumentSettings = z.output<typeof documentSet>

/** Some of the data change: a field replaces the one of its name, `null` removes it. */
export const documentChanged = z.object({ data: dataSchema })

/** Makes a document again whose last attempt has failed. */
export const documentRetried = z.object({})

/** Somebody approves a version of a document: the newest one. */
export const approvalGiven = z.object({ version, by: shortText, note: shortText.optional() })
/** Somebody does not approve a version. */
export const approvalDeclined = z.object({ version, by: shortText, reason: shortText })

/** The files of a version, by format. */
export const filesSchema = z.partialRecord(z.enum(FORMAT_NAMES), objectReference)
export type Files = z.output<typeof filesSchema>

const linesSchema = z
  .object({ added: z.int().nonnegative(), removed: z.int().nonnegative() })
  .meta({ description: 'Lines of the Markdown, compared with the version before' })
export type ChangedLines = z.output<typeof linesSchema>

/** What is kept of a version of a document. */
export const documentVersion = z.object({
  version,
  template: token,
  templateVersion: version,
  title: z.string(),
  at: z.string().meta({ description: 'When it was made; ISO' }),
  files: filesSchema,
  lines: linesSchema,
})
export type DocumentVersion = z.output<typeof documentVersion>

/** Emitted by a document: there is a new version. */
export const documentRendered = documentVersion.omit({ at: true })

/** Emitted by a document that could not be made. The version before stays. */
export const documentFailed = z.object({
  template: token,
  templateVersion: version,
  code: z.string(),
  problem: z.string(),
  line: z.int().positive().optional().meta({ description: 'Line of the template' }),
  column: z.int().positive().optional(),
})

/** Emitted when somebody has approved a version, or not. */
export const documentApproved = approvalGiven
export const documentDeclined = approvalDeclined
