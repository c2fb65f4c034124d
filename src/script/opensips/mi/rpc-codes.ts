/** Codes of JSON-RPC 2.0 (§5.1), with OpenSIPS's own for names that mean several commands. */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
/** The command was understood, and failed. */
export const SERVER_ERROR = -32000;
export const AMBIGUOUS_METHOD = -32001;
