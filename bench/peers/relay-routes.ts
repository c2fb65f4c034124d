// The scenario of the bench: relay to the request URI, keep transactions, stay in the path.
import { routes } from '../../src/script/api/index.ts';

export default routes({
  register: (call) => call.reject(403),
  invite: (call) => call.fork(call.target.uri),
});
