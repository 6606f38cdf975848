import type { ErrorTexts } from './error-text.ts'

/** Codes of writing, verifying, rebuilding and querying the tables. */
export const TABLE_ERRORS = {
  bad_type: {
    meaning: 'A column has a type that the projector cannot write.',
    cause: 'A column of `schemas/tables.ts` uses a ClickHouse type without an encoder.',
    remedy: 'Add the type to `pipeline/projector/native/native-columns.ts`, or use another type.',
    where: 'log of the projector',
  },
  bad_row: {
    meaning: 'A row has a value of a wrong type.',
    cause: 'A function that makes rows from records has a fault.',
    remedy: 'Correct the function of `pipeline/projector/rows` that makes the column, or report the error.',
    where: 'log of the projector',
  },
  row_refused: {
    meaning: 'ClickHouse refuses a row, and would take the table without it. The row is in DEAD, and all others are in the table.',
    cause: 'A constraint or a type that somebody changed in ClickHouse, or a value that a column cannot hold. `error` has its answer.',
    remedy:
      'Correct the table, make the row again with `colloquy rebuild <table>`, then run `colloquy dead drop --reason row_refused`. Until '
      + 'then `colloquy verify` counts the row as missing.',
    where: '`colloquy dead`, `colloquy status`',
  },
  table_damaged: {
    meaning: 'A file of a table in ClickHouse is damaged or gone.',
    cause: 'The disk changed or lost it, or somebody did.',
    remedy:
      'Wait: Colloquy finds the damaged part within seconds, sets it aside, and makes the table again from LOG; its log names the files. '
      + 'On a ClickHouse of your own, remove the part and run `colloquy rebuild`.',
    where: '`colloquy verify`, `questions`, `sql`, `status --problems`; `GET /v1/search` and `wait=tables`',
    http: 503,
  },
  no_such_sequence: {
    meaning: 'LOG has no such sequence.',
    cause: '`--to` is beyond the end of LOG, or before its beginning.',
    remedy: 'Give `--to` a sequence of the range in the message.',
    where: '`colloquy verify`, `rebuild`',
  },
  not_complete: {
    meaning: 'The tables are not complete up to the sequence yet.',
    cause: 'The projector is behind, or does not run.',
    remedy: 'Wait with `colloquy status --wait` or `--wait-ms`, or give a smaller sequence.',
    where: '`colloquy verify`, `sql --complete-to`',
  },
  tables_differ: {
    meaning: 'The tables or the search index differ from the log.',
    cause: 'Rows or points were changed or removed by hand, ClickHouse or Qdrant lost data, or the projector or the indexer has a fault.',
    remedy:
      'Run `colloquy rebuild`, which recreates the tables from the log. The role `embed` repairs the search index by itself: run '
      + '`colloquy verify` again after a while.',
    where: '`colloquy verify`',
  },
  bad_answer: {
    meaning: 'The result of a query does not have the expected form.',
    cause: 'Tables or views of the database were changed, or are of another version.',
    remedy: 'Run `colloquy up` of this version on the database, or `colloquy rebuild`.',
    where: '`colloquy questions`, `report`',
  },
  bad_period: {
    meaning: 'The period is empty.',
    cause: '`--to` is not after `--from`.',
    remedy: 'Give `--to` a time after `--from`.',
    where: '`colloquy questions`, `report`',
  },
  which_tenant: {
    meaning: 'The question must say which tenant it is about.',
    cause: 'The tables have records of several tenants, and the command has no `--tenant`.',
    remedy: 'Give `--tenant` one of the names in the message.',
    where: '`colloquy questions`, `report`',
  },
  no_such_tenant: {
    meaning: 'The tables have no record of the tenant.',
    cause: 'The name is misspelt, the tenant has sent nothing yet, or its first records are not in the tables yet.',
    remedy: 'Give `--tenant` a name of the list in the message. After the first message wait with `colloquy status --wait`.',
    where: '`colloquy questions`, `report`',
  },
  no_such_time_zone: {
    meaning: 'ClickHouse does not know the time zone.',
    cause: 'The zone is newer than the list of time zones of ClickHouse.',
    remedy: 'Give `--tz` another zone with the same clocks. `SELECT time_zone FROM system.time_zones` lists those that ClickHouse knows.',
    where: '`colloquy questions`, `report`',
  },
  bad_option: {
    meaning: 'Options of the command contradict one another.',
    cause: 'The command has `--to` without `--into`, or `--into` together with names of tables.',
    remedy: 'Give `--into <database>` with `--to`, and no table with `--into`.',
    where: '`colloquy rebuild`',
  },
  rebuild_runs: {
    meaning: 'A rebuild runs already.',
    cause: 'Another process holds the lock of the rebuild.',
    remedy: 'Wait for it, or stop it with Ctrl-C where it runs.',
    where: '`colloquy rebuild`',
  },
  rebuild_cancelled: {
    meaning: 'The rebuild was cancelled. The tables are as they were.',
    cause: 'The log was truncated, another process took the lock, or this process sent no heartbeat for too long.',
    remedy: 'Run `colloquy rebuild` again.',
    where: '`colloquy rebuild`',
  },
  rebuild_given_up: {
    meaning: 'The rebuild was stopped. The tables are as they were.',
    cause: 'Somebody pressed Ctrl-C, or the process was told to stop.',
    remedy: 'Run `colloquy rebuild` again to repeat it.',
    where: '`colloquy rebuild`',
  },
  rebuild_failed: {
    meaning: 'The rebuild failed. The tables are as they were.',
    cause: 'A thread that writes rows ended, or ClickHouse refused its rows. The message says which records.',
    remedy: 'Read the message, remove the cause (memory, disk, ClickHouse), and run `colloquy rebuild` again.',
    where: '`colloquy rebuild`, `npm run bench`',
  },
  no_room: {
    meaning: 'ClickHouse has too little disk for the rebuild.',
    cause: 'The disk holds both the old and the new tables until the rebuild completes.',
    remedy: 'Free some disk space, or rebuild one table after another: `colloquy rebuild <table>`.',
    where: '`colloquy rebuild`',
  },
  database_exists: {
    meaning: 'The database for the rebuild holds tables already.',
    cause: '`--into` names a database of an earlier rebuild.',
    remedy: 'Run `DROP DATABASE <name>` in ClickHouse, or give `--into` another name.',
    where: '`colloquy rebuild --into`',
  },
  would_differ: {
    meaning: 'Actors would decide differently than recorded.',
    cause: 'The kinds of `COLLOQUY_CONFIG` behave differently from those that made the records.',
    remedy:
      'Undo the change, or deploy it as a new `version` with a migration. List a cause that is meant, with its reason, in a file for '
      + '`--accept`.',
    where: '`colloquy check`',
  },
  bad_accepted: {
    meaning: 'The file of accepted differences cannot be used.',
    cause: 'The file of `--accept` does not exist, is no YAML or JSON, or has a wrong field.',
    remedy: 'Correct the line and the field that the message names: a list of `{cause, reason, until?}`.',
    where: '`colloquy check`',
  },
} as const satisfies ErrorTexts
