import type { ErrorTexts } from './error-text.ts'

const TASK = '`error.code` of a task in a record, table `tasks`, `event.error.code` in `onError`'

/** Codes with which a task fails, besides those that its author chooses. */
export const TASK_ERRORS = {
  deadline: {
    meaning: 'The task had no outcome by its deadline.',
    cause: 'It took longer than `deadlineMs` of `defineTask`, including all its attempts and the time in the queue.',
    remedy: 'Raise `deadlineMs`, raise `concurrencyMax`, or start more processes with the role `tasks`.',
    where: TASK,
  },
  runner_lost: {
    meaning: 'Every process that tried the task was lost.',
    cause: 'The processes were killed, or the task itself ended them: it exits, or it uses up the memory.',
    remedy: 'Look for crashes in the log of the processes with the role `tasks`. Send the event that starts the task again.',
    where: TASK,
  },
  no_heartbeat: {
    meaning: 'An attempt of a task told nothing for too long.',
    cause: 'The task has a `heartbeatMs`, and `run` did not call `progress` within it: it hangs, or it tells too rarely.',
    remedy: 'Call `progress` more often, or raise `heartbeatMs`. The next attempt follows by itself, with `lastProgress`.',
    where: TASK,
  },
  bad_progress: {
    meaning: 'What a task tells of its progress cannot be stored.',
    cause: '`progress` was called with a value that JSON cannot represent, or with more bytes than the limit in the message.',
    remedy: 'Tell a few numbers and words; keep the work itself elsewhere.',
    where: 'thrown by `progress` of a task',
  },
  result_unfit: {
    meaning: 'The result of a task is not valid.',
    cause: '`run` returned a value that JSON cannot represent, or one that does not match the schema `output` of `defineTask`.',
    remedy: 'Make the result of `run` match the schema `output`.',
    where: TASK,
  },
  result_too_large: {
    meaning: 'The result of a task is too large for a record.',
    cause: '`run` returned more bytes than the limit in the message.',
    remedy: 'Store the large part with `store` of the call, and return its reference.',
    where: TASK,
  },
  no_such_recipients: {
    meaning: 'An event to many actors goes to a kind that is not there or does not take it.',
    cause: '`toMany` names a kind that the configuration does not export, or an event that is not among its `events`.',
    remedy: 'Export the kind beside the one that sends, and declare the event. Nothing was sent.',
    where: TASK,
  },
  too_many_recipients: {
    meaning: 'An event to many actors would reach more of them than its bound.',
    cause: 'The condition selects more actors than `recipientsMax` of `toMany`.',
    remedy: 'Narrow `where`, or raise `recipientsMax`. Nothing was sent.',
    where: TASK,
  },
  object_too_large: {
    meaning: 'A task has stored nothing: the object is too large.',
    cause: '`store` was called with more bytes than the limit in the message.',
    remedy: 'Store it in parts, or raise `COLLOQUY_TASK_OBJECT_BYTES_MAX` on the processes with the role `tasks`.',
    where: TASK,
  },
  objects_full: {
    meaning: 'A task has stored nothing: there is no room for more objects.',
    cause: 'The objects of all tasks together have reached one of the limits in the message.',
    remedy: 'Raise `COLLOQUY_TASK_OBJECTS_BYTES_MAX` on the processes with the role `tasks`, or store less. The next attempt tries again.',
    where: TASK,
  },
  no_object: {
    meaning: 'There is no object for a reference.',
    cause:
      'The output of the run that stored it did not have the reference, its records were lost, or it belongs to another tenant. '
      + 'Or it was lost in a restore from a backup without it.',
    remedy: 'Return the reference in the output of the task that stores the object. Run that task again.',
    where: TASK,
  },
  bad_object: {
    meaning: 'An object is not the one of its reference.',
    cause: 'The reference was changed or made up, or the stored bytes are damaged.',
    remedy: 'Pass references on as they are. If the bytes are damaged, run the task again that stored it.',
    where: TASK,
  },
  no_memory: {
    meaning: 'The search index does not answer.',
    cause: 'No process with the role `embed` or `serve` runs, it is of another version, or it took too long.',
    remedy: 'Start a process with the role `embed`, upgrade all processes, and try again.',
    where: `${TASK}; searches inside the cluster`,
  },
  model_timeout: {
    meaning: 'The language model did not answer in time.',
    cause: 'It took too long to the first token, between two tokens, or in all: the endpoint is overloaded, or the answer is long.',
    remedy:
      '`support` quotes the passages instead, and does not ask again. If this happens often, check the endpoint, or raise '
      + '`COLLOQUY_LLM_FIRST_TOKEN_MS`, `COLLOQUY_LLM_STALL_MS` or `COLLOQUY_LLM_TOTAL_MS`.',
    where: TASK,
  },
  model_body_too_large: {
    meaning: 'The response of the language model is too large.',
    cause: 'The endpoint sent more bytes than an answer can have.',
    remedy: '`support` quotes the passages instead. Check that `COLLOQUY_LLM_BASE_URL` is an OpenAI-compatible endpoint.',
    where: TASK,
  },
  model_unfit: {
    meaning: 'The response of the language model is no stream of chat completions.',
    cause: 'The endpoint answered in another format: HTML, other JSON, or chunks without choices.',
    remedy: '`support` quotes the passages instead. Check that `COLLOQUY_LLM_BASE_URL` is an OpenAI-compatible endpoint that streams.',
    where: TASK,
  },
  model_filtered: {
    meaning: 'The language model withheld its answer.',
    cause: 'The content filter of the provider stopped it.',
    remedy: '`support` quotes the passages instead. Another model may answer.',
    where: TASK,
  },
  model_empty: {
    meaning: 'The language model returned an empty answer.',
    cause: 'The model ended without a text. The message has its finish reason.',
    remedy: '`support` quotes the passages instead. If the error persists, try another `COLLOQUY_LLM_MODEL`.',
    where: TASK,
  },
  model_unavailable: {
    meaning: 'The language model cannot be reached, or failed.',
    cause: 'The network is down, the endpoint answered with a server error, or its stream broke off.',
    remedy: 'Colloquy retries the task. If the error persists, check `COLLOQUY_LLM_BASE_URL` and the endpoint.',
    where: TASK,
  },
  model_busy: {
    meaning: 'The language model accepts no more requests for now.',
    cause: 'The endpoint answered with HTTP 429 or 503: its rate limit is reached, or it is overloaded.',
    remedy: 'Colloquy waits as long as the endpoint asks, and retries the task. If this happens often, raise the limit at the provider.',
    where: TASK,
  },
  model_refused: {
    meaning: 'The language model refuses the request.',
    cause: 'The key, the name of the model or the address is wrong. `support` quotes the passages instead.',
    remedy: 'Correct `COLLOQUY_LLM_BASE_URL`, `COLLOQUY_LLM_MODEL` and `COLLOQUY_LLM_API_KEY`, and restart.',
    where: TASK,
  },
  model_structure: {
    meaning: 'The answer of the language model does not have the form that was asked for.',
    cause:
      'It is no JSON, or its fields do not match the `schema` of `generate`. The next model was asked, and none gave a fitting answer.',
    remedy:
      'Simplify the schema, describe its fields, or ask for a larger `tier`. `colloquy models test` shows which models give structures.',
    where: TASK,
  },
  model_unaccepted: {
    meaning: 'The task took no answer of a language model.',
    cause: '`refuse` of `generate` gave reasons against the answer of each model that was asked. The message lists them.',
    remedy: 'Look at `attempts` and the reasons. Correct the prompt or the gate, or add a better model.',
    where: TASK,
  },
  model_context: {
    meaning: 'The messages are too long for every language model.',
    cause: 'The system message and the last message alone have more tokens than `contextMax` of the largest model leaves.',
    remedy: 'Shorten them, or add a model with a larger `contextMax`.',
    where: TASK,
  },
  model_budget: {
    meaning: 'The tenant has spent its budget for language models of today.',
    cause: 'The cost since 00:00 UTC has reached `BUDGET_DAY` of the tenant.',
    remedy: 'Raise it: `colloquy tenant set <tenant> BUDGET_DAY <amount>`. It counts from 0 at 00:00 UTC.',
    where: TASK,
  },
  index_behind: {
    meaning: 'The index of recommendations, or that of topics, is not complete yet.',
    cause:
      'It is read from LOG at its first use in a process, that of recommendations from the one that was saved last. '
      + 'Or it had not read the question itself after 5 s.',
    remedy: 'Ask again: each attempt of the task finds more of it. `problem: unavailable` in `recommendations.given` says the same.',
    where: TASK,
  },
  no_model: {
    meaning: 'No language model can be asked.',
    cause: '`COLLOQUY_MODELS` and `COLLOQUY_LLM_BASE_URL` are unset, or no model of the file can be used.',
    remedy: 'Set one of them in the process with the role `tasks`. `colloquy models ls` shows what it has.',
    where: `${TASK}; \`colloquy models\``,
  },
  other_customer_key: {
    meaning: 'Profiles of customers cannot be found: this process has another key than the one that made them.',
    cause: 'Machines have keys of their own, or the data folder was restored without its keys.',
    remedy: 'Give all machines the same `COLLOQUY_CUSTOMER_SECRET`, or copy the folder `customer-keys` of the data folder that made them.',
    where: `${TASK}, HTTP interface`,
    http: 503,
  },
  bad_customer_key: {
    meaning: 'A file of the folder `customer-keys` has no key.',
    cause: 'It was edited or damaged.',
    remedy: 'Put the file back from another machine or a copy.',
    where: `${TASK}, HTTP interface`,
    http: 503,
  },
} as const satisfies ErrorTexts
