import { column, type TableLayout } from '../../db/table-layout.ts';

/** OpenSIPS's table `subscriber`. */
export const SUBSCRIBER: TableLayout = {
  name: 'subscriber',
  version: 8,
  columns: [
    column('id', 'id'),
    column('username', 'text', ''),
    column('domain', 'text', ''),
    column('password', 'text', ''),
    column('ha1', 'text', ''),
    column('ha1_sha256', 'text', ''),
    column('ha1_sha512t256', 'text', ''),
  ],
  unique: [['username', 'domain']],
};

/** OpenSIPS's table `uri`: who may use whose credentials. */
export const URI_TABLE: TableLayout = {
  name: 'uri',
  version: 2,
  columns: [
    column('id', 'id'),
    column('username', 'text', ''),
    column('domain', 'text', ''),
    column('uri_user', 'text', ''),
    column('last_modified', 'datetime', '1900-01-01 00:00:01'),
  ],
  unique: [['username', 'domain', 'uri_user']],
};
