// One's own posts: likes, photos and the menu work as in the feed.
import { watchLikes } from '../interaction/likes.js';
import { watchMenus } from '../interaction/menu.js';
import { watchPhotos } from '../interaction/photos.js';

watchLikes(document);
watchPhotos(document);
watchMenus(document);
