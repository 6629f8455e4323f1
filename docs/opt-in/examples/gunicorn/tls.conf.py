bind = "127.0.0.1:8000"
chdir = "/srv/app"
workers = 2
certfile = "/srv/app/server.pem"
keyfile = "/srv/app/server.pem"
