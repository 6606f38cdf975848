import type { ErrorTexts } from './error-text.ts'

const REASON = '`reason` of a record, `colloquy dead`'
const POISON = '`error` of a record rejected as `poison`'

/** Codes of an input that was not committed: the reasons of rejections, and the specific codes behind `poison`. */
export const DECISION_ERRORS = {
  bad_subject: {
    meaning: 'The address names no actor.',
    cause: 'Tenant, kind or id does not match `[A-Za-z0-9_-]{1,128}`, or the kind is reserved.',
    remedy: 'Correct the path or the subject `in.<tenant>.<kind>.<id>`, and publish the input again.',
    where: REASON,
    http: 400,
  },
  too_large: {
    meaning: 'A body or a file is larger than its limit.',
    cause: 'An input, an HTTP body or a file of an embedding model is larger than the limit in the message.',
    remedy: 'Send less: store large content elsewhere, and put its address into the event. For a model, check `COLLOQUY_EMBED_HUB_URL`.',
    where: `${REASON}; the download of a model`,
    http: 413,
  },
  bad_json: {
    meaning: 'The input is not JSON.',
    cause: 'The bytes are not UTF-8 or not JSON. Over HTTP and in `colloquy publish`, they must be a JSON object.',
    remedy: 'Send one JSON object in UTF-8: `{"type": "message.received", "data": {…}}`.',
    where: `${REASON}; \`colloquy publish\``,
    http: 400,
  },
  bad_envelope: {
    meaning: 'The envelope of an input, which is every field except `data`, is not valid.',
    cause: 'A field such as `type`, `id` or `time` is missing, of a wrong type, or a value that JSON cannot represent.',
    remedy: 'Correct the field that `error` names. `colloquy asyncapi` prints the schema.',
    where: REASON,
  },
  unknown_kind: {
    meaning: 'The host does not have the kind of the address.',
    cause: 'The kind is misspelt, or the process runs without the module that exports it.',
    remedy: 'Add the kind to `COLLOQUY_CONFIG` and run `colloquy dead redrive --reason unknown_kind`, or correct the address.',
    where: REASON,
  },
  bad_data: {
    meaning: 'The data of an input does not match the schema of its type.',
    cause: 'A field of `data` is missing or wrong, or the kind does not declare this `type`.',
    remedy: 'Correct the field that `error` names. `colloquy asyncapi` prints the schema of every type.',
    where: REASON,
  },
  ended: {
    meaning: 'The actor has ended and accepts no more inputs.',
    cause: 'Its machine reached a final state, or stopped with an error.',
    remedy: 'Use another id, or change the machine so that it does not end there. `colloquy show <tenant>/<kind>/<id>` shows how it ended.',
    where: REASON,
  },
  poison: {
    meaning: 'The machine threw while it decided on the input.',
    cause:
      'A guard, an action or a migration threw, or returned a value that cannot be committed. `error` begins with a code if there is one.',
    remedy: 'Correct the kind, deploy it, and run `colloquy dead redrive --reason poison`.',
    where: REASON,
  },
  host_ended: {
    meaning: 'The input ended its host twice while it was being decided.',
    cause:
      'A guard, an action, a label, a migration or an upcaster did not return within `COLLOQUY_DECISION_MS_MAX`, ended the process, or '
      + 'used up the memory. The text says which.',
    remedy: 'Correct the kind, deploy it, and run `colloquy dead redrive --reason poison`.',
    where: POISON,
  },
  host_end_counted: {
    meaning: 'An input, or code that its decision left behind, ended its host. This counts against its actor; nothing is rejected so far.',
    cause: 'As `host_ended`. The input itself may be committed: code that it left behind ran afterwards.',
    remedy:
      'Correct the kind and deploy it. There is nothing to redrive: a second end rejects the input, or the next ones of its actor, and '
      + '`colloquy dead ls --reason poison` then lists them. What a decision left behind is forgotten after 10 minutes.',
    where: '`colloquy status --problems`',
  },
  exit_refused: {
    meaning: 'The code of a kind called `process.exit`, `process.abort`, or `process.kill` for its own process.',
    cause:
      'A guard, an action or a task, or a library that it uses, tried to end the process. Colloquy refuses: the call throws this error.',
    remedy: 'Throw an error instead.',
    where: `${POISON}; \`error.code\` of a task; log of \`colloquy up\``,
  },
  state_too_large: {
    meaning: 'The state or the record would be too large.',
    cause: 'The context keeps too much, such as a list without a bound.',
    remedy: 'Keep a bounded number of things in the context, deploy the kind, and redrive the input.',
    where: REASON,
  },
  task_failed: {
    meaning: 'A task failed and has no attempts left.',
    cause: '`error` has the code and the message of its last attempt.',
    remedy: 'Remove the cause, send the actor an event that starts the task again, and run `colloquy dead drop <seq>`.',
    where: '`colloquy dead`, table `dead_letters`',
  },
  bad_record: {
    meaning: 'A message in LOG is no record of an actor. Every reader sets it aside and continues.',
    cause: 'Something other than a host published into LOG, or another program wrote to the stream.',
    remedy:
      'Find who can publish to `log.>` and withdraw that right. Then run `colloquy dead drop --reason bad_record`. No actor is affected.',
    where: '`colloquy dead`, table `dead_letters`, `colloquy status`',
  },
  unknown_emit: {
    meaning: 'The machine emits a type that the kind does not declare.',
    cause: 'The type is misspelt, or it is not under `emits` of `defineKind`.',
    remedy: 'Declare the type under `emits` of `defineKind`, or correct the action.',
    where: POISON,
  },
  bad_emit: {
    meaning: 'The machine emits data that cannot be committed.',
    cause: 'The data is not a JSON object, or does not match the schema under `emits` of `defineKind`.',
    remedy: 'Correct the action `emit` or the schema.',
    where: POISON,
  },
  bad_send: {
    meaning: 'The machine sends an event that no actor could accept.',
    cause: '`kind`, `id`, `type` or `data` of `send` is not valid, or the event is too large.',
    remedy: 'Correct the action `send` as the message says.',
    where: POISON,
  },
  bad_task_input: {
    meaning: 'The input of a task is not valid.',
    cause: '`input` of the `invoke` is not JSON, or does not match the schema `input` of `defineTask`.',
    remedy: 'Make `input` of the `invoke` match the schema of the task.',
    where: `${POISON}; \`error.code\` of a task`,
  },
  bad_child_input: {
    meaning: 'The input of a child is not valid.',
    cause: '`input` of the `invoke` or of `spawnChild` is not JSON, does not match `input` of the kind of the child, or is too large.',
    remedy: 'Make it match `input` in `defineKind` of the child.',
    where: POISON,
  },
  too_many_children: {
    meaning: 'The actor would have too many running children.',
    cause: 'The machine starts children faster than they end.',
    remedy: 'Wait until some have ended, or let the children start some themselves.',
    where: POISON,
  },
  children_too_deep: {
    meaning: 'A child would have too many levels of parents above it.',
    cause: 'Children start children that start children, beyond the limit in the message.',
    remedy: 'Let an actor send events to others by `send` where it need not wait for their end.',
    where: POISON,
  },
  child_error: {
    meaning: 'A child ended with an error.',
    cause: 'Its machine did not handle the error of a task or of a child of its own. The message says which.',
    remedy: 'Look at the child: `colloquy show` of its parent names it. Handle the error in its machine, or in `onError` of the parent.',
    where: '`event.error.code` of `onError` in a parent',
  },
  child_cancelled: {
    meaning: 'A child was cancelled.',
    cause: 'An operator stopped it with `colloquy cancel`.',
    remedy: 'Its parent goes on with `onError` of its invoke. To stop both, cancel the parent.',
    where: '`event.error.code` of `onError` in a parent',
  },
  child_exists: {
    meaning: 'The actor that was to start as a child existed before.',
    cause: 'A producer published to its address, which is made up for one child.',
    remedy: 'Publish to a child only after its parent started it.',
    where: '`event.error.code` of `onError` in a parent',
  },
  bad_event: {
    meaning: 'The machine raises, sends or emits something that is not an event.',
    cause: 'The value is not an object with a `type`, or contains a value that JSON cannot represent.',
    remedy: 'Give the action an object with a `type` and JSON values.',
    where: POISON,
  },
  bad_delay: {
    meaning: 'A delay of the machine is not a number.',
    cause: 'A function under `delays` returned `NaN`, `Infinity` or another type.',
    remedy: 'Return milliseconds as a finite number.',
    where: POISON,
  },
  bad_output: {
    meaning: 'The output of the machine cannot be committed.',
    cause: '`output` of a final state contains a value that JSON cannot represent, or does not match `output` of `defineKind`.',
    remedy: 'Return JSON values from `output` that match the schema.',
    where: POISON,
  },
  bad_label: {
    meaning: 'The label of the kind cannot be committed.',
    cause: '`label` of `defineKind` returned a value that JSON cannot represent.',
    remedy: 'Return texts, finite numbers and booleans only from `label`.',
    where: POISON,
  },
  too_many_runs: {
    meaning: 'The actor would have too many pending tasks and timers.',
    cause: 'The machine starts tasks or sets timers faster than they end.',
    remedy: 'Let the machine stop or wait for some, or spread the work over several actors.',
    where: POISON,
  },
  too_many_effects: {
    meaning: 'One input would cause too many effects.',
    cause: 'The machine emits, sends or starts more in one step than the limit in the message.',
    remedy: 'Do the work in several steps, or put a list into one event.',
    where: POISON,
  },
  newer_machine: {
    meaning: 'A newer version of the kind made the last record of the actor.',
    cause: 'This process still runs the older version during a deployment. It leaves the input to processes with the newer version.',
    remedy: 'Finish the deployment: start this process with the newer kinds.',
    where: 'log of a host, `colloquy check`',
  },
  newer_record: {
    meaning: 'LOG has records in a form that this process cannot read.',
    cause:
      'A newer Colloquy wrote them. A process with older code would take them for messages that are no records, and continue from earlier '
      + 'records of their actors. So a host leaves the partition to newer processes, and every other reader stops.',
    remedy: 'Upgrade this process to the version of the others.',
    where: 'a start; `colloquy status`, log of a stage; every command that reads LOG',
  },
  not_carried_out: {
    meaning: 'The action `send` ran outside Colloquy.',
    cause: 'The machine was started by `createActor` of XState, which delivers nothing to other actors.',
    remedy: 'Try the machine with `given(kind)` of `colloquy/test`, or publish to a running system.',
    where: 'thrown by `send`',
  },
} as const satisfies ErrorTexts
