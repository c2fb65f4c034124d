// The registrar alone, without passwords.
import { location, routes } from '../../src/script/api/index.ts';

export default routes({
  register: (call) => location.save(call),
  invite: (call) => call.reject(403),
});
