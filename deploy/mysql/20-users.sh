# The sample's users; read by MySQL's image when the database is made (it is sourced: the function is the image's own).
docker_process_sql <<SQL
CREATE USER app_service@'%' IDENTIFIED BY '${APP_PASSWORD}';
CREATE USER analyst@'%' IDENTIFIED BY '${APP_PASSWORD}';
GRANT ALL ON shop.* TO app_service@'%', analyst@'%';
SQL
