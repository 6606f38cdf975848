import { z } from 'zod'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'

/** The HTTP interface of a running Colloquy. */
export interface HttpServer {
  /** Its base URL. */
  readonly url: string
  readonly token?: string | undefined
}

/** What is asked, and what the answer must be. */
export interface PostedQuestion<Answer> {
  readonly path: string
  readonly body: unknown
  readonly answer: z.ZodType<Answer>
  /** The code of the error where no server answers, or one that is not Colloquy. */
  readonly unavailable: ErrorCode
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number
}

const problemSchema = z.object({ code: z.string(), detail: z.string() })

/**
 * Posts a question as JSON to a running Colloquy.
 *
 * @throws ColloquyError `unavailable`; an error with the code of the problem in the answer
 */
export async function postJson<Answer>(
  { url, token }: HttpServer,
  { path, body, answer, unavailable, timeoutMs }: PostedQuestion<Answer>,
): Promise<Answer> {
  const text = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  }).then(
    (response) => response.text(),
    (cause: unknown) => {
      throw new ColloquyError(unavailable, `no HTTP interface of Colloquy answers at ${url} (${messageOf(cause)})`, { cause })
    },
  )
  const value = parseJson(text)
  const found = answer.safeParse(value)
  if (found.success) return found.data
  const problem = problemSchema.safeParse(value)
  if (problem.success) throw new ForeignCodeError(problem.data.code, problem.data.detail)
  throw new ColloquyError(unavailable, `the server at ${url} is not Colloquy, or of another version`)
}
