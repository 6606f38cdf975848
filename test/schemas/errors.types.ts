import { HttpProblem } from '../../pipeline/http/problems.ts'
import { InputRefusedError } from '../../pipeline/producer/producer-errors.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, hasCode, RetryLaterError, TerminalError } from '../../schemas/errors.ts'

/** Mistakes that tsc refuses; `npm run types` is the test. Every `@ts-expect-error` is a mistake that must not compile. */
export const mistakes = [
  // @ts-expect-error a code that the catalogue does not have
  new ColloquyError('not_runing', 'no Colloquy runs'),
  // @ts-expect-error a code that is made up as the program runs
  new ColloquyError(String(Math.random()), 'no Colloquy runs'),
  // @ts-expect-error the same of an error of producers
  new InputRefusedError('bad_adress', 'no actor'),
  // @ts-expect-error an answer whose code has no HTTP status
  new HttpProblem('not_running', 'no Colloquy runs'),
  // @ts-expect-error a match with a code that nothing has
  hasCode(new Error('no'), 'not_runing'),
  // @ts-expect-error the code of a task is no code of Colloquy
  'card_declined' satisfies ErrorCode,
]

/** The author of a task chooses its codes. */
export const ofTasks = [new TerminalError('card_declined', 'no'), new RetryLaterError(`http_${429}`, 'busy', 1_000)]
