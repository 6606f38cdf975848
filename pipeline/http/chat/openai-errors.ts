import { z } from 'zod'
import type { HttpErrorCode } from '../../../schemas/error-codes.ts'
import type { ProblemForm } from '../described-route.ts'
import type { HttpProblem } from '../problems.ts'

export const openAiErrorSchema = z.object({
  error: z.looseObject({
    message: z.string().meta({ description: 'What happened, and what to do' }),
    type: z.string(),
    param: z.string().nullable().meta({ description: 'The parameter at fault' }),
    code: z.string().meta({ description: 'A code of the catalogue of errors; `model_not_found` for `unknown_model`' }),
  }),
})

/** Clients of OpenAI repeat a 409 and a 5xx by themselves, unless they are told that it does not help. */
export const NO_RETRY = { 'x-should-retry': 'false' } as const

/** The name that OpenAI's clients know. */
const CODES: Partial<Record<HttpErrorCode, string>> = { unknown_model: 'model_not_found' }

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** A problem as OpenAI's clients read one. The member `param` of the problem names the parameter at fault. */
export function openAiError({ status, code, message, more }: HttpProblem): z.output<typeof openAiErrorSchema> {
  const { param, ...rest } = more
  return { error: { ...rest, message, type: typeOf(status), param: typeof param === 'string' ? param : null, code: CODES[code] ?? code } }
}

/** The form of problems of the routes for OpenAI's clients. */
export const OPENAI_FORM: ProblemForm = {
  name: 'OpenAiError',
  type: 'application/json; charset=utf-8',
  schema: openAiErrorSchema,
  body: openAiError,
}
