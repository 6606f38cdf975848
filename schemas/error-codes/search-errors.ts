import type { ErrorTexts } from './error-text.ts'

const MODEL = '`colloquy up`, `dev`, `reembed`'
const LEARN = '`colloquy learn`'

/** Codes of the embedding model, the search index and the upload of documents. */
export const SEARCH_ERRORS = {
  bad_model: {
    meaning: 'The embedding model or the re-ranker cannot be used.',
    cause:
      'Files of its folder are missing or damaged, the model is not an ONNX embedding model (a cross-encoder for the re-ranker), or its '
      + 'settings do not fit it.',
    remedy:
      'Check `COLLOQUY_EMBED_MODEL`, `COLLOQUY_EMBED_POOLING` and `COLLOQUY_EMBED_DTYPE`, for the re-ranker `COLLOQUY_RERANK_MODEL`. '
      + 'If the folder is in the cache, you may remove it: the model is then downloaded again.',
    where: MODEL,
  },
  model_forbidden: {
    meaning: 'The hub restricts access to the model.',
    cause: 'The model needs an accepted licence or is private, and the token is missing or may not read the model.',
    remedy: 'Set `COLLOQUY_EMBED_HUB_TOKEN` to a token that may read it, and check the name in `COLLOQUY_EMBED_MODEL`.',
    where: MODEL,
  },
  model_not_found: {
    meaning: 'The hub does not have the model, or a file of it.',
    cause: 'The name or the revision is misspelt, or the model has no weights in this number format.',
    remedy: 'Check the name and the revision in `COLLOQUY_EMBED_MODEL`, and `COLLOQUY_EMBED_DTYPE`.',
    where: MODEL,
  },
  hub_unreachable: {
    meaning: 'The hub of models cannot be reached.',
    cause: 'The network is down, a proxy is needed, or the hub is overloaded. Colloquy has retried the download a few times.',
    remedy: 'Check the network, `COLLOQUY_EMBED_HUB_URL` and `COLLOQUY_EMBED_PROXY_URL`, or name a local folder in `COLLOQUY_EMBED_MODEL`.',
    where: MODEL,
  },
  hub_refused: {
    meaning: 'The answer of the hub cannot be used.',
    cause: '`COLLOQUY_EMBED_HUB_URL` is not a hub or a mirror of one, or a proxy answers instead.',
    remedy: 'Correct `COLLOQUY_EMBED_HUB_URL` or `COLLOQUY_EMBED_PROXY_URL`.',
    where: MODEL,
  },
  download_failed: {
    meaning: 'The download of a model did not finish.',
    cause: 'The connection broke repeatedly, or something removed the file meanwhile.',
    remedy: 'Check the network, `COLLOQUY_EMBED_HUB_URL` and `COLLOQUY_EMBED_PROXY_URL`. The next start continues the download.',
    where: MODEL,
  },
  wrong_checksum: {
    meaning: 'A file of a model is not the expected one.',
    cause: 'A mirror or a proxy changed it, or the author of the model replaced it under the same revision.',
    remedy:
      'Use another mirror or proxy, or another revision (`org/name@revision`; with `auto` it is fixed). Remove the folder of the model '
      + 'only if you trust the new file.',
    where: MODEL,
  },
  auto_model_missing: {
    meaning: 'A process cannot get the embedding model of `COLLOQUY_EMBED_MODEL=auto`. Search goes on with the built-in model.',
    cause: 'The hub cannot be reached, does not answer, or gives other files. The process tries again, for ever.',
    remedy:
      'Let it reach the hub (`COLLOQUY_EMBED_PROXY_URL`), set `COLLOQUY_EMBED_HUB_URL` to a mirror, or copy `COLLOQUY_CACHE_DIR` from a '
      + 'machine that has the model. To stay with the built-in model, unset `COLLOQUY_EMBED_MODEL` in all processes.',
    where: '`colloquy status`',
  },
  disk_full: {
    meaning: 'The disk has no room for the model.',
    cause: 'The cache folder is on a disk that is full.',
    remedy: 'Free some disk space, or set `COLLOQUY_CACHE_DIR` to a folder on another disk.',
    where: MODEL,
  },
  embed_failed: {
    meaning: 'The embedding model fails on a text.',
    cause:
      'The runtime of the model crashed or threw on this text, even when it got the text alone, or gave a vector without direction or with '
      + 'numbers that are not finite.',
    remedy:
      'A text is left out of the search index. Try another model (`COLLOQUY_EMBED_MODEL`), or send the text in another form; search with '
      + 'such a question by words alone (`mode=keyword`).',
    where: '`colloquy dead`; `GET /v1/search`, `colloquy search`',
    http: 422,
  },
  rerank_failed: {
    meaning: 'The re-ranker gave no scores for the texts that a search found. The search answered in its own order.',
    cause:
      'It threw, ended, was asked too much at one time, or gave a wrong number of scores or some that are not numbers; or the language '
      + 'model does not answer, or not in the form that it was asked for.',
    remedy: 'Check `COLLOQUY_RERANK_MODEL`, for `llm` also `COLLOQUY_LLM_*`, or unset it.',
    where: 'log of a process with a search index; the answer has `reranked.skipped`',
  },
  rerank_late: {
    meaning: 'The re-ranker was slower than its budget. The search answered in its own order.',
    cause: 'The model is too large for this machine, or for so many texts, or the machine is busy.',
    remedy: 'Lower `COLLOQUY_RERANK_CANDIDATES`, raise `COLLOQUY_RERANK_BUDGET_MS`, or choose a smaller `COLLOQUY_RERANK_MODEL`.',
    where: 'log of a process with a search index; the answer has `reranked.skipped`',
  },
  judge_failed: {
    meaning: 'An evaluator cannot judge an answer.',
    cause:
      'It threw, or the model that judges gave no judgement in the form that it was asked for, or none in time, also when asked again.',
    remedy: 'The answer has no scores of this evaluator. `colloquy rescore` judges it again; then drop the dead letter.',
    where: '`colloquy dead`',
  },
  judge_unavailable: {
    meaning: 'The model that judges answers is away.',
    cause: '`COLLOQUY_LLM_BASE_URL` does not answer, is overloaded, or refuses the key or the model.',
    remedy: 'Nothing, where it comes back: the judge goes on from its checkpoint. Else check the settings `COLLOQUY_LLM_*`.',
    where: 'log of the role `judge`, `colloquy status`, `colloquy rescore`',
  },
  embedder_closed: {
    meaning: 'The embedding model was closed before it embedded a text.',
    cause: 'The process stops, or `colloquy reembed` replaced the model.',
    remedy: 'Nothing for texts of the log: the next start continues from the checkpoint. Repeat a search that failed with this error.',
    where: 'log of the indexer, searches',
  },
  memory_replaced: {
    meaning: 'The search index now uses another collection.',
    cause: '`colloquy reembed` finished, or the index with the words of this version or the model of `auto`. The indexer restarts with it.',
    remedy: 'Nothing. If the error repeats, set `COLLOQUY_EMBED_MODEL` of this process to the model of the last `colloquy reembed`.',
    where: 'log of the indexer',
  },
  bad_collection: {
    meaning: 'The fingerprint of a model cannot name a collection.',
    cause: 'A store was opened with a fingerprint that has other characters than `a-z`, `0-9` and `-`.',
    remedy: 'Report the error with the name of the model.',
    where: MODEL,
  },
  index_newer: {
    meaning: 'A later version of Colloquy has built the search index.',
    cause:
      'Its words are cut by rules that this process does not know. The process goes on with its own collection, which gets no new texts.',
    remedy: 'Upgrade this process.',
    where: 'log of a process with a search index',
  },
  other_dimension: {
    meaning: 'The vectors and the collection have different numbers of dimensions.',
    cause: 'Another model, or somebody by hand, created the collection of this name.',
    remedy: 'Remove the collection (the message names it) and restart: the indexer fills it again from the log.',
    where: MODEL,
  },
  qdrant_failed: {
    meaning: 'Qdrant does not answer, or refuses a request.',
    cause: 'It does not run, the address or the key is wrong, or it is overloaded.',
    remedy: 'Check `COLLOQUY_QDRANT_URL`, `COLLOQUY_QDRANT_API_KEY` and the log of Qdrant.',
    where: `${MODEL}; inside the text of \`search_unavailable\``,
  },
  index_filling: {
    meaning: 'The collection of the search index does not exist, or lost points.',
    cause: 'Somebody deleted it in the store or restored it from an older snapshot, or it was never filled. The log still has all texts.',
    remedy:
      'Wait: the process with the role `embed` creates the collection within seconds and fills it from the log. Start one if none runs. '
      + '`colloquy status` shows how far it is.',
    where: 'searches, `GET /v1/search` (503 with `Retry-After`), log of the indexer',
    http: 503,
  },
  index_refused: {
    meaning: 'The store of the search index refuses a point for what is in it.',
    cause: 'ClickHouse or Qdrant cannot hold the text or a property of it. The text is in DEAD as `embed_failed`; all others are stored.',
    remedy: 'Send the text in another form.',
    where: '`Colloquy-Error` of a dead letter, log of the indexer',
  },
  search_unreachable: {
    meaning: 'No HTTP interface of Colloquy answers at the address.',
    cause: 'No process with the role `serve` runs there, or another program answers.',
    remedy: 'Start a process whose `COLLOQUY_ROLES` contains `serve`, or correct the address (`url`, `COLLOQUY_HTTP_PORT`).',
    where: '`colloquy search`, `createSearchClient`',
  },
  reembed_given_up: {
    meaning: 'The new search index was not finished.',
    cause: 'Somebody pressed Ctrl-C, or the process was told to stop.',
    remedy: 'Run `colloquy reembed` again: it continues where it stopped.',
    where: '`colloquy reembed`',
  },
  no_such_path: { meaning: 'A path cannot be read.', cause: 'It does not exist.', remedy: 'Correct the path.', where: LEARN },
  empty_document: {
    meaning: 'A document has no text.',
    cause: 'The file is empty, or it contains no text besides markup.',
    remedy: 'Leave the file out, or convert it to text, Markdown, HTML or CSV.',
    where: LEARN,
  },
  too_long: {
    meaning: 'A document is too long for one source.',
    cause: 'The file has more bytes, characters, pages or chunks than the limit in the message.',
    remedy: 'Split it into several files.',
    where: LEARN,
  },
  no_text: {
    meaning: 'A file is not text.',
    cause: 'It is binary, or in a charset that is neither declared nor recognised.',
    remedy: 'Convert it to UTF-8, declare its charset, or leave it out.',
    where: LEARN,
  },
  bad_document: {
    meaning: 'A file cannot be read as its format.',
    cause: 'A PDF, DOCX or notebook is damaged, cut or encrypted, or the file is something else. The message says what.',
    remedy: 'Save it again without a password, or convert it to text, Markdown or HTML.',
    where: LEARN,
  },
  bad_table: {
    meaning: 'A file cannot be read as a table.',
    cause: 'Its CSV has an open quote or lines of different lengths. The message has the place.',
    remedy: 'Correct the line that the message names.',
    where: LEARN,
  },
  not_all_learned: {
    meaning: 'Some files or lines were not learned. All others were.',
    cause: 'The message lists each with its problem.',
    remedy: 'Correct them and run the command again: it skips unchanged documents.',
    where: LEARN,
  },
  nothing_to_learn: {
    meaning: 'The paths contain no document to learn.',
    cause: 'The folders have no file of a known format, or the files are empty.',
    remedy: 'Check the paths. `colloquy learn --help` lists the formats.',
    where: LEARN,
  },
  no_such_source: {
    meaning: 'The tenant has no knowledge from this source.',
    cause: 'The source is misspelt, was learned under another path or tenant, or was already forgotten.',
    remedy: 'Give the source as it was given to `colloquy learn`, with the same `--tenant`.',
    where: '`colloquy forget`',
  },
  no_knowledge: {
    meaning: 'The running system cannot store knowledge.',
    cause: 'Its processes do not have the built-in kind `source`, or `COLLOQUY_CONFIG` has another kind of this name.',
    remedy: 'Upgrade the processes that run, or give the kind of the config another name.',
    where: '`colloquy learn`, `forget`',
  },
} as const satisfies ErrorTexts
