import { z } from 'zod'

/**
 * The type of a field that a column can have: `whole` is an integer, `time` an ISO text, `scalar` a text, number or boolean, shown as text,
 * and `json` anything else, shown as JSON text. Null and absent are the same.
 */
export const LEAVES = ['text', 'whole', 'number', 'bool', 'time', 'scalar', 'json'] as const
export type Leaf = (typeof LEAVES)[number]

/** The shape of a field's value, with what its author says about it. */
export type Field =
  | { readonly is: Leaf; readonly about?: string | undefined }
  | { readonly is: 'list'; readonly of: Field; readonly about?: string | undefined }
  | { readonly is: 'object'; readonly fields: Readonly<Record<string, Field>>; readonly about?: string | undefined }
export type Fields = Readonly<Record<string, Field>>

const about = z.string().optional()
const fieldSchema: z.ZodType<Field> = z.lazy(() =>
  z.discriminatedUnion('is', [
    z.object({ is: z.enum(LEAVES), about }),
    z.object({ is: z.literal('list'), of: fieldSchema, about }),
    z.object({ is: z.literal('object'), fields: fieldsSchema, about }),
  ]),
)
const fieldsSchema = z.record(z.string(), fieldSchema)

/** The fields of a kind that its typed views show as columns. The process that has the kind registers them for those that have tables. */
export const kindColumnsSchema = z.object({
  /** Facts of the label. */
  label: fieldsSchema,
  /** Facts of the context: texts, numbers and booleans at its top level. */
  context: fieldsSchema,
  /** Data of inputs and emitted events, by type. */
  events: z.record(z.string(), fieldsSchema),
})
export type KindColumns = z.infer<typeof kindColumnsSchema>
