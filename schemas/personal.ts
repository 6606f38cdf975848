import { z } from 'zod'

/** The name of the marker in the metadata of a schema; a JSON Schema made of it has it, too. */
const PERSONAL = 'x-personal'

/** Marks a field whose values are about a person: what erases or exports a person's data reads the marker. */
export const personal = <Schema extends z.ZodType>(schema: Schema): Schema => schema.meta({ ...schema.meta(), [PERSONAL]: true })

/** Whether a field is marked as personal. */
export const isPersonal = (schema: z.ZodType): boolean => schema.meta()?.[PERSONAL] === true
