/** The tasks as workerpool wants them. */
require('workerpool').worker({ ...require('../tasks.cjs') });
