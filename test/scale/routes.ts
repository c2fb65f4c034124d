// Registers whoever asks, and reaches whoever is registered: only connections are of interest here.
import { location, routes } from '../../src/script/api/index.ts';

export default routes({
  register: (call) => location.save(call),
  invite: async (call) => call.fork(await location.lookup(call.target)),
});
