/** What is wrong, and what somebody does about it who opens no terminal, by code. */
export const REMEDIES_EN = {
  forOperators: 'For operators',
  showLetters: 'Show these dead letters',
  /** Reasons of dead letters. */
  dead: {
    bad_subject: 'An input came to an address that does not exist. Tell its sender, then drop the dead letter.',
    too_large: 'An input is longer than is allowed. Ask its sender to make it shorter, then drop the dead letter.',
    bad_json: 'An input could not be read. Tell its sender, then drop the dead letter.',
    bad_envelope: 'An input lacks what every input must have. Tell its sender, then drop the dead letter.',
    unknown_kind: 'An input is for a kind of conversation that the system does not have. Drop it, or redrive it once the kind is there.',
    bad_data:
      'An input does not have the data that its type needs, or came before it was due. Redrive it once; if it is rejected again, drop it.',
    ended: 'An input came for a conversation that had ended. Nothing is to be done: drop it.',
    poison: 'An input made its machine fail, and was set aside. Tell the developers; redrive it once they have mended it.',
    state_too_large: 'A conversation has grown larger than is allowed, and takes no more. Tell the developers.',
    task_failed: 'A task, such as an answer of the language model, failed each time. Redrive it once the model or service works again.',
    embed_failed: 'A text could not be put into the search. Redrive it; if it comes back, tell the developers.',
    bad_record: 'A record could not be read. Keep the dead letter, and tell the operator.',
    row_refused: 'A record is not in the tables, so that the figures lack it. Redrive it; if it comes back, tell the operator.',
    judge_failed: 'An answer has no score because its judgement failed. Nobody waits for it: drop it, or tell the operator.',
    hook_failed: 'Another system did not take a notification. Once it works again, redrive the dead letter.',
  },
  /** Everything else that can be wrong with the system. */
  system: {
    stage_failing: 'A part of the system fails. It tries again by itself; if this stays for some minutes, tell the operator.',
    stage_behind: 'A part of the system is behind, so that pages and replies lag. Wait; if the lag grows, tell the operator.',
    tables_unavailable: 'The tables do not answer, so that lists and figures stand still. Conversations go on. Tell the operator.',
    table_damaged: 'A table was damaged and is being made again. Figures are not complete until this message is gone.',
    nats_not_protected: 'The message server takes connections without a password. Tell the operator.',
    nats_protection_unknown: 'It is not known whether the message server is protected. Tell the operator.',
    bad_models: 'The list of language models cannot be used. Answers come without them. Tell the operator.',
    auto_model_missing: 'The search by meaning has no model and searches by words. Tell the operator.',
    records_lost: 'Records were lost. Tell the operator now: they can be brought back from a backup.',
    records_unproven: 'The figures count records that were lost since. Tell the operator.',
    unproven_set_aside: 'Rows of lost records were set aside. Nothing is to be done here; the operator can look at them.',
    host_end_counted: 'An input ended a process that worked on it. If it does so again, it is set aside as a dead letter by itself.',
    other: 'Tell the operator.',
  },
}
